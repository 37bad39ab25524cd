// The packed bytes of a Sei stream, one after the other: those of a directory's part files, or of
// one file.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/sei/sei_format.h"

namespace flatkv {

class PartReader {
 public:
  // Other names in a directory do not count. Errors: kNotFound; kDataLoss with
  // Reason::kArchiveCorrupt naming the part that is missing or has another size than it must.
  static StatusOr<std::unique_ptr<PartReader>> Open(FileSystem& fs, const std::string& path,
                                                    uint64_t part_bytes = kSeiPartBytes);

  // Up to `size_bytes`; 0 at the end and only there.
  StatusOr<size_t> Read(char* buffer, size_t size_bytes);

  const std::string& path() const { return path_; }
  // The file that the last byte came from.
  const std::string& file() const { return files_[at_file_]; }
  uint64_t size_bytes() const { return size_bytes_; }

 private:
  PartReader(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  Status ListParts(uint64_t part_bytes);

  FileSystem& fs_;
  const std::string path_;
  std::vector<std::string> files_;  // at least one
  uint64_t size_bytes_ = 0;
  size_t at_file_ = 0;
  std::unique_ptr<RandomAccessFile> file_;  // null: not opened yet
  uint64_t offset_ = 0;                     // in it
};

}  // namespace flatkv
