// Change-set files: the same work for every system. One flatkv.v1.ChangelogEntry a version
// (proto/flatkv/v1/changeset.proto), each preceded by its length in bytes as a varint, as
// protobuf's delimited streams are in every language; nothing before, between or after. Versions
// are contiguous; the first may be any above 0.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/block.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::bench {

class ChangeSetFileWriter {
 public:
  // Errors: kAlreadyExists if there is such a file: it is never overwritten.
  static StatusOr<std::unique_ptr<ChangeSetFileWriter>> Create(FileSystem& fs,
                                                               const std::string& path);

  // REQUIRES: `version` is 1 or more, and the successor of the one before.
  Status Add(Version version, const ChangeSets& changes);
  // Writes what is buffered, syncs and closes.
  Status Finish();
  uint64_t bytes() const { return bytes_; }

 private:
  explicit ChangeSetFileWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
  std::string entry_;
  uint64_t bytes_ = 0;
};

class ChangeSetFileReader {
 public:
  // Errors: kNotFound.
  static StatusOr<std::unique_ptr<ChangeSetFileReader>> Open(FileSystem& fs,
                                                             const std::string& path);

  // Overwrites *block with the next version's changes; false after the last version. Only this
  // block is in memory. Errors: kDataLoss names the file, the offset and what is wrong with the
  // entry there: it is cut short, no ChangelogEntry, or its version does not follow.
  StatusOr<bool> Next(Block* block);
  // Of the block read last; 0 before the first.
  Version version() const { return version_; }
  uint64_t offset() const { return offset_; }

 private:
  ChangeSetFileReader(std::unique_ptr<RandomAccessFile> file, std::string path, uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

  Status Damaged(std::string_view what) const;
  // Reads the length at `offset_` and moves behind it.
  StatusOr<uint64_t> ReadLength();

  const std::unique_ptr<RandomAccessFile> file_;
  const std::string path_;
  const uint64_t size_;
  uint64_t entry_offset_ = 0;
  uint64_t offset_ = 0;
  Version version_ = 0;
};

}  // namespace flatkv::bench
