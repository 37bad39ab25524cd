// Where the packed bytes of a Sei stream go: a directory of part files, named 0, 1, 2 ..., or one
// file uncut. Either appears under its name only when it is whole and durable; until then it is
// built under NAME-tmp.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/sei/sei_format.h"

namespace flatkv {

class PartWriter {
 public:
  virtual ~PartWriter() = default;

  virtual Status Append(std::string_view bytes) = 0;
  // After it the stream is durable under its name.
  virtual Status Finish() = 0;
  // Removes what was written, as far as that works; after an error in place of Finish.
  virtual void Abandon() = 0;

  uint64_t bytes() const { return bytes_; }
  uint64_t parts() const { return parts_; }

 protected:
  uint64_t bytes_ = 0;
  uint64_t parts_ = 0;
};

// What an interrupted write left under NAME-tmp is removed. Errors: kFailedPrecondition if there is
// something under the name, or under NAME-tmp something else than part files.
StatusOr<std::unique_ptr<PartWriter>> CreateSeiDirectory(FileSystem& fs, std::string path,
                                                         uint64_t part_bytes = kSeiPartBytes);
StatusOr<std::unique_ptr<PartWriter>> CreateSeiFile(FileSystem& fs, std::string path);

}  // namespace flatkv
