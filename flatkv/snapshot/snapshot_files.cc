#include "flatkv/snapshot/snapshot_files.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "flatkv/base/hex.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/file_hasher.h"
#include "flatkv/snapshot/file_pieces.h"
#include "flatkv/snapshot/store_layout.h"

namespace flatkv {
namespace {

std::string Hex(const FileDigest& digest) {
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

class Checker {
 public:
  Checker(FileSystem& fs, const std::string& directory, FileCheck check,
          const FileProgress& progress)
      : fs_(fs), directory_(directory), check_(check), progress_(progress) {}

  StatusOr<std::vector<std::string>> Check(const SnapshotManifest& manifest) {
    RETURN_IF_ERROR(ReadNames());
    for (const SnapshotFile& file : manifest.files) {
      RETURN_IF_ERROR(Progress());
      if (names_.erase(file.path) == 0) {
        Find(file.path, "missing");
      } else {
        RETURN_IF_ERROR(CheckFile(file));
      }
    }
    for (const std::string& name : names_) {
      Find(name, "not in the manifest");
    }
    return std::move(findings_);
  }

 private:
  // Fills names_ with what stands in the DB directories, and beside them but should not.
  Status ReadNames() {
    ASSIGN_OR_RETURN(std::vector<std::string> names, fs_.List(directory_));
    names_.insert(names.begin(), names.end());
    for (const std::string_view db : kDataDbNames) {
      if (names_.erase(std::string(db)) == 0) {
        Find(db, "missing");
        continue;
      }
      const std::string path = JoinPath(directory_, db);
      ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(path));
      if (info.type != FileType::kDirectory) {
        Find(db, "not a directory");
        continue;
      }
      ASSIGN_OR_RETURN(names, fs_.List(path));
      for (const std::string& name : names) {
        names_.insert(JoinPath(db, name));
      }
    }
    // The manifest came from somewhere: whether it is also here is for whoever reads it to say.
    if (names_.erase(kSnapshotManifestName) != 0) {
      ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(JoinPath(directory_, kSnapshotManifestName)));
      if (info.type != FileType::kRegular) {
        Find(kSnapshotManifestName, "not a regular file");
      }
    }
    return OkStatus();
  }

  Status CheckFile(const SnapshotFile& file) {
    const std::string path = JoinPath(directory_, file.path);
    const StatusOr<FileInfo> info = fs_.Stat(path);
    if (!info.ok()) {
      Find(file.path, fmt::format("cannot be read ({})", MessageOf(info.status())));
    } else if (info->type != FileType::kRegular) {
      Find(file.path, "not a regular file");
    } else if (info->size_bytes != file.size_bytes) {
      Find(file.path,
           fmt::format("holds {} bytes, the manifest says {}", info->size_bytes, file.size_bytes));
    } else if (check_ == FileCheck::kDigests) {
      return CheckDigest(file, path);
    }
    return OkStatus();
  }

  Status CheckDigest(const SnapshotFile& file, const std::string& path) {
    FileHasher hasher;
    Status stopped;
    const Status read = ReadInPieces(fs_, path, [&](std::string_view piece) {
      hasher.Add(piece);
      bytes_done_ += piece.size();
      return stopped = Progress();
    });
    RETURN_IF_ERROR(stopped);
    if (!read.ok()) {
      Find(file.path, fmt::format("cannot be read ({})", MessageOf(read)));
    } else if (hasher.Digest() != file.digest) {
      Find(file.path, fmt::format("has the digest {}, the manifest says {}", Hex(hasher.Digest()),
                                  Hex(file.digest)));
    }
    return OkStatus();
  }

  Status Progress() const {
    return progress_ && !progress_(bytes_done_) ? Cancelled("cancelled") : OkStatus();
  }

  void Find(std::string_view path, std::string_view what) {
    findings_.push_back(fmt::format("{}: {}", path, what));
  }

  FileSystem& fs_;
  const std::string& directory_;
  const FileCheck check_;
  const FileProgress& progress_;
  std::set<std::string> names_;
  uint64_t bytes_done_ = 0;
  std::vector<std::string> findings_;
};

}  // namespace

StatusOr<FileDigest> DigestFile(FileSystem& fs, const std::string& path) {
  FileHasher hasher;
  RETURN_IF_ERROR(ReadInPieces(fs, path, [&hasher](std::string_view piece) {
    hasher.Add(piece);
    return OkStatus();
  }));
  return hasher.Digest();
}

StatusOr<std::vector<std::string>> CheckSnapshotFiles(FileSystem& fs, const std::string& directory,
                                                      const SnapshotManifest& manifest,
                                                      FileCheck check,
                                                      const FileProgress& progress) {
  return Checker(fs, directory, check, progress).Check(manifest);
}

}  // namespace flatkv
