// The archive as one file: its members one after the other as a tar file.
#include <fmt/format.h>

#include "flatkv/archive/archive_writer.h"
#include "flatkv/archive/tar_header.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"

namespace flatkv {
namespace {

class TarWriter final : public ArchiveWriter {
 public:
  TarWriter(FileSystem& fs, std::string path, std::unique_ptr<WritableFile> file)
      : fs_(fs), path_(std::move(path)), file_(std::move(file)) {}

  // A file is begun anew: what an interrupted export left has no name that counts.
  StatusOr<std::optional<FoundChunks>> Find() override { return std::optional<FoundChunks>(); }
  const std::optional<ArchiveManifest>& complete() const override { return complete_; }

  Status AddChunk(const ChunkInfo& info, std::string_view bytes) override {
    return AddMember(ChunkName(info.number), bytes);
  }

  Status Finish(const ArchiveManifest& manifest, std::string_view payload) override {
    RETURN_IF_ERROR(AddMember(kArchivePayloadName, payload));
    RETURN_IF_ERROR(AddMember(kArchiveManifestName, EncodeArchiveManifest(manifest)));
    RETURN_IF_ERROR(file_->Append(std::string(kTarEndBytes, '\0')));
    RETURN_IF_ERROR(file_->Sync());
    RETURN_IF_ERROR(file_->Close());
    RETURN_IF_ERROR(fs_.Rename(path_ + std::string(kTemporarySuffix), path_));
    return fs_.SyncDir(ParentPath(path_));
  }

 private:
  Status AddMember(std::string_view name, std::string_view bytes) {
    RETURN_IF_ERROR(file_->Append(EncodeTarHeader({std::string(name), bytes.size()})));
    RETURN_IF_ERROR(file_->Append(bytes));
    RETURN_IF_ERROR(file_->Append(std::string(TarPaddingBytes(bytes.size()), '\0')));
    // So that the one sync at the end finds little to do.
    return file_->StartWriteback();
  }

  FileSystem& fs_;
  const std::string path_;
  const std::unique_ptr<WritableFile> file_;
  const std::optional<ArchiveManifest> complete_;
};

}  // namespace

StatusOr<std::unique_ptr<ArchiveWriter>> CreateArchiveFile(FileSystem& fs, std::string path) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
  if (exists) {
    return FailedPrecondition(
        fmt::format("export to {}: it is there already: name another file", path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                   fs.Create(path + std::string(kTemporarySuffix)));
  return std::unique_ptr<ArchiveWriter>(
      std::make_unique<TarWriter>(fs, std::move(path), std::move(file)));
}

}  // namespace flatkv
