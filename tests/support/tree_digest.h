// A fingerprint of a directory tree, for "nothing changed" assertions on any FileSystem.
#pragma once

#include <string>

#include "flatkv/fs/file_system.h"

namespace flatkv::test {

// One line for every path below `root`, sorted: "dir a", "file a/b 12 <sha256>", "link c -> a/b".
// Symlinks are not followed. An error stands in the text of its line, so that a tree that cannot be
// read never equals one that can.
std::string TreeText(FileSystem& fs, const std::string& root);
// The SHA-256 of TreeText as hexadecimal text.
std::string TreeDigest(FileSystem& fs, const std::string& root);

}  // namespace flatkv::test
