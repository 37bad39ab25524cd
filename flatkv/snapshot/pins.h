// Pins: named reasons to keep a snapshot. One file a pin in <store>/pins, a text record. A pin
// never expires by itself and is released only by its own id.
//
// Thread safety: none; the store calls it from one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct Pin {
  std::string id;  // random, 16 hex digits
  Version version = 0;
  std::string reason;  // 1 to 256 bytes
  uint64_t created_unix_seconds = 0;
  bool operator==(const Pin&) const = default;
};

class Pins {
 public:
  Pins(FileSystem& fs, std::string directory);  // the store directory

  // Ascending by version, then age. Errors: kDataLoss naming a damaged pin file, so that nothing is
  // pruned over it.
  StatusOr<std::vector<Pin>> List() const;
  // Durable when it returns. Errors: kInvalidArgument for an empty or too long reason.
  StatusOr<Pin> Add(Version version, const std::string& reason, uint64_t now_unix_seconds);
  // Errors: kNotFound, listing the ids there are; kInvalidArgument for what is no id.
  Status Remove(const std::string& id);

 private:
  FileSystem& fs_;
  const std::string directory_;
};

}  // namespace flatkv
