// An archive to read: a directory or a tar file.
//
// Thread safety: ReadChunk and ReadPayload from any thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

class ArchiveReader {
 public:
  // Reads MANIFEST and finds the members. Errors: kNotFound; kDataLoss with Reason::kArchiveCorrupt
  // naming what is damaged, missing or no part of the archive; kFailedPrecondition with
  // Reason::kIncompatibleFormat.
  static StatusOr<std::unique_ptr<ArchiveReader>> Open(FileSystem& fs, const std::string& path);

  const ArchiveManifest& manifest() const { return manifest_; }
  // SHA-256 of MANIFEST: names the archive.
  const Digest& digest() const { return digest_; }

  // The bytes of a chunk, whose size is checked and nothing else. REQUIRES: 1 <= number <= chunks.
  StatusOr<std::string> ReadChunk(uint32_t number) const;
  // With its digest checked.
  StatusOr<std::string> ReadPayload() const;

 private:
  struct Member {
    uint64_t offset = 0;  // in the tar file
    uint64_t size_bytes = 0;
  };

  ArchiveReader(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  Status ListDirectory();
  Status ScanTar();
  Status ReadManifest();
  Status CheckMembers() const;
  StatusOr<std::string> ReadTar(uint64_t offset, uint64_t size_bytes) const;
  StatusOr<std::string> ReadMember(const std::string& name, uint64_t size_bytes_max) const;

  FileSystem& fs_;
  const std::string path_;
  std::unique_ptr<RandomAccessFile> tar_;  // null: a directory
  std::map<std::string, Member, std::less<>> members_;
  std::vector<std::string> order_;  // in the tar file
  ArchiveManifest manifest_;
  Digest digest_{};
};

}  // namespace flatkv
