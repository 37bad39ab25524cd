#include "flatkv/sei/part_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/sei/part_name.h"
#include "flatkv/snapshot/store_layout.h"

namespace flatkv {
namespace {

// So that the sync at the end of a part finds little to do.
constexpr uint64_t kWritebackBytes = uint64_t{1} << 20;

// A '/' at the end does not count.
std::string TargetName(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}
std::string TemporaryOf(const std::string& path) { return path + std::string(kTemporarySuffix); }

Status CheckFree(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
  return exists ? FailedPrecondition(
                      fmt::format("write {}: it is there already: name another target", path))
                : OkStatus();
}

class FileWriter final : public PartWriter {
 public:
  FileWriter(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  Status Open() {
    RETURN_IF_ERROR(CheckFree(fs_, path_));
    ASSIGN_OR_RETURN(file_, fs_.Create(TemporaryOf(path_)));
    parts_ = 1;
    return OkStatus();
  }

  Status Append(std::string_view bytes) override {
    RETURN_IF_ERROR(file_->Append(bytes));
    bytes_ += bytes.size();
    unsent_bytes_ += bytes.size();
    if (unsent_bytes_ < kWritebackBytes) {
      return OkStatus();
    }
    unsent_bytes_ = 0;
    return file_->StartWriteback();
  }

  Status Finish() override {
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    RETURN_IF_ERROR(fs_.Rename(TemporaryOf(path_), path_));
    return fs_.SyncDir(ParentPath(path_));
  }

  void Abandon() override {
    file_.reset();
    static_cast<void>(fs_.RemoveFile(TemporaryOf(path_)));
  }

 private:
  FileSystem& fs_;
  const std::string path_;
  std::unique_ptr<WritableFile> file_;
  uint64_t unsent_bytes_ = 0;
};

class DirectoryWriter final : public PartWriter {
 public:
  DirectoryWriter(FileSystem& fs, std::string path, uint64_t part_bytes)
      : fs_(fs), path_(std::move(path)), building_(TemporaryOf(path_)), part_bytes_(part_bytes) {}

  Status Open() {
    RETURN_IF_ERROR(CheckFree(fs_, path_));
    RETURN_IF_ERROR(RemoveLeftOver());
    return MakeDirsDurably(fs_, building_);
  }

  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (file_ == nullptr) {
        ASSIGN_OR_RETURN(file_, fs_.Create(JoinPath(building_, PartName(parts_))));
        ++parts_;
        left_bytes_ = part_bytes_;
      }
      const std::string_view now = bytes.substr(0, std::min<uint64_t>(bytes.size(), left_bytes_));
      RETURN_IF_ERROR(file_->Append(now));
      bytes_ += now.size();
      left_bytes_ -= now.size();
      bytes.remove_prefix(now.size());
      if (left_bytes_ == 0) {
        RETURN_IF_ERROR(FinishPart());
      }
    }
    return OkStatus();
  }

  Status Finish() override {
    if (file_ != nullptr) {
      RETURN_IF_ERROR(FinishPart());
    }
    RETURN_IF_ERROR(fs_.SyncDir(building_));
    RETURN_IF_ERROR(fs_.Rename(building_, path_));
    return fs_.SyncDir(ParentPath(path_));
  }

  void Abandon() override {
    file_.reset();
    static_cast<void>(RemoveTreeDurably(fs_, building_));
  }

 private:
  Status RemoveLeftOver() {
    ASSIGN_OR_RETURN(const bool exists, Exists(fs_, building_));
    if (!exists) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(building_));
    for (const std::string& name : names) {
      if (!PartNumber(name).has_value()) {
        return FailedPrecondition(fmt::format(
            "write {}: {} is in the way and holds {}, which no interrupted write left: move it "
            "away, or name another target",
            path_, building_, name));
      }
    }
    return RemoveTreeDurably(fs_, building_);
  }

  Status FinishPart() {
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    file_.reset();
    return OkStatus();
  }

  FileSystem& fs_;
  const std::string path_;
  const std::string building_;
  const uint64_t part_bytes_;
  std::unique_ptr<WritableFile> file_;  // null: the next byte begins a part
  uint64_t left_bytes_ = 0;             // of `file_`
};

}  // namespace

StatusOr<std::unique_ptr<PartWriter>> CreateSeiDirectory(FileSystem& fs, std::string path,
                                                         uint64_t part_bytes) {
  auto writer = std::make_unique<DirectoryWriter>(fs, TargetName(std::move(path)), part_bytes);
  RETURN_IF_ERROR(writer->Open());
  return std::unique_ptr<PartWriter>(std::move(writer));
}

StatusOr<std::unique_ptr<PartWriter>> CreateSeiFile(FileSystem& fs, std::string path) {
  auto writer = std::make_unique<FileWriter>(fs, TargetName(std::move(path)));
  RETURN_IF_ERROR(writer->Open());
  return std::unique_ptr<PartWriter>(std::move(writer));
}

}  // namespace flatkv
