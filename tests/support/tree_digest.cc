#include "tests/support/tree_digest.h"

#include <fmt/format.h>

#include <limits>

#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv::test {
namespace {

std::string FileLine(FileSystem& fs, const std::string& path, const std::string& shown) {
  const StatusOr<std::string> content = ReadFile(fs, path, std::numeric_limits<uint64_t>::max());
  if (!content.ok()) {
    return fmt::format("file {} {}\n", shown, ToString(content.status()));
  }
  return fmt::format("file {} {} {}\n", shown, content->size(),
                     HexEncode(AsBytes(Sha256(*content))));
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the tree.
void AppendTree(FileSystem& fs, const std::string& path, const std::string& shown,
                std::string* text) {
  const StatusOr<std::vector<std::string>> names = fs.List(path);
  if (!names.ok()) {
    *text += fmt::format("dir {} {}\n", shown, ToString(names.status()));
    return;
  }
  for (const std::string& name : *names) {
    const std::string child = JoinPath(path, name);
    const std::string child_shown = JoinPath(shown, name);
    const StatusOr<FileInfo> info = fs.Stat(child);
    if (!info.ok()) {
      *text += fmt::format("? {} {}\n", child_shown, ToString(info.status()));
    } else if (info->type == FileType::kDirectory) {
      *text += fmt::format("dir {}\n", child_shown);
      AppendTree(fs, child, child_shown, text);
    } else if (info->type == FileType::kSymlink) {
      const StatusOr<std::string> target = fs.ReadLink(child);
      *text += fmt::format("link {} -> {}\n", child_shown,
                           target.ok() ? *target : ToString(target.status()));
    } else {
      *text += FileLine(fs, child, child_shown);
    }
  }
}

}  // namespace

std::string TreeText(FileSystem& fs, const std::string& root) {
  std::string text;
  AppendTree(fs, root, "", &text);
  return text;
}

std::string TreeDigest(FileSystem& fs, const std::string& root) {
  return HexEncode(AsBytes(Sha256(TreeText(fs, root))));
}

}  // namespace flatkv::test
