// archive to-sei, archive from-sei: between archives and what Sei's FlatKV reads and writes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv::cli {

struct ToSeiCommand {
  std::string from;  // an archive
  std::string to;    // a directory, or with the ending .zlib one file
  size_t threads = 1;
  bool json = false;
};
// Errors: those of ArchiveToSei.
Status RunToSei(const ToSeiCommand& command, const std::function<bool()>& interrupted);

struct FromSeiCommand {
  std::string from;  // a directory of part files, or one file
  std::string to;    // an archive: a directory, or with the ending .tar one file
  Version version = 0;
  Version initial_version = 1;
  std::string expect_root;  // hex; empty: none
  size_t threads = 1;
  bool json = false;
};
// Errors: those of SeiToArchive.
Status RunFromSei(const FromSeiCommand& command, const std::function<bool()>& interrupted);

}  // namespace flatkv::cli
