// Where recovery puts what it sets aside: <store>/quarantine/<UTC time>-<id>/, with the thing moved
// under its own name and a text record REASON. Nothing here is ever removed but by command.
//
// Thread safety: none; the store calls it from one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct QuarantineEntry {
  std::string name;    // of the entry: "20260102T030405Z-1a2b3c4d5e6f7081"
  std::string item;    // what was set aside: "working"
  std::string reason;  // why
  uint64_t created_unix_seconds = 0;
  uint64_t bytes = 0;  // of its files
};

// Of the regular files at and below `path`, which no symlink leads to.
StatusOr<uint64_t> TreeBytes(FileSystem& fs, const std::string& path);

class Quarantine {
 public:
  // The store directory; or a home, for whole stores.
  Quarantine(FileSystem& fs, std::string directory);

  // Moves <store>/`item` here durably; returns the entry's name. A crash in between leaves the item
  // where it was, or here. Errors: kNotFound if there is no such item.
  StatusOr<std::string> SetAside(const std::string& item, const std::string& reason,
                                 uint64_t now_unix_seconds);
  // The same for `source`/`item`, a directory elsewhere on the file system.
  StatusOr<std::string> SetAsideFrom(const std::string& source, const std::string& item,
                                     const std::string& reason, uint64_t now_unix_seconds);
  // By name, which is by age. An entry without a readable REASON is listed with that as its reason.
  StatusOr<std::vector<QuarantineEntry>> List() const;
  // Removes an entry for good. Errors: kNotFound; kInvalidArgument for what is no entry name.
  Status Remove(const std::string& name);

 private:
  FileSystem& fs_;
  const std::string directory_;
};

}  // namespace flatkv
