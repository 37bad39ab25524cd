#include "flatkv/archive/archive_writer.h"

#include <fmt/format.h>

#include <set>

#include "flatkv/archive/archive_limits.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"

namespace flatkv {
namespace {

// Of a file beside MANIFEST; its name becomes durable with the directory.
Status WriteMember(FileSystem& fs, const std::string& path, std::string_view bytes) {
  const std::string temporary = path + std::string(kTemporarySuffix);
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs.Create(temporary));
  RETURN_IF_ERROR(file->Append(bytes));
  RETURN_IF_ERROR(file->Sync());
  RETURN_IF_ERROR(file->Close());
  return fs.Rename(temporary, path);
}

bool IsMemberName(std::string_view name) {
  if (name.ends_with(kTemporarySuffix)) {
    name.remove_suffix(kTemporarySuffix.size());
  }
  return name == kArchiveManifestName || name == kArchivePayloadName || IsChunkName(name);
}

class DirectoryWriter final : public ArchiveWriter {
 public:
  DirectoryWriter(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}

  Status Open() {
    RETURN_IF_ERROR(MakeDirsDurably(fs_, path_));
    ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(path_));
    for (const std::string& name : names) {
      if (!IsMemberName(name)) {
        return FailedPrecondition(fmt::format(
            "export to {}: the directory holds {}, which is not of an archive: name an empty one",
            path_, name));
      }
      names_.insert(name);
    }
    if (names_.contains(kArchiveManifestName)) {
      const std::string path = JoinPath(path_, kArchiveManifestName);
      ASSIGN_OR_RETURN(const std::string text, ReadFile(fs_, path, kArchiveManifestBytesMax));
      ASSIGN_OR_RETURN(complete_, DecodeArchiveManifest(text, path));
    }
    return OkStatus();
  }

  const std::optional<ArchiveManifest>& complete() const override { return complete_; }

  StatusOr<std::optional<FoundChunks>> Find() override {
    std::optional<FoundChunks> found;
    for (uint32_t number = 1; names_.contains(ChunkName(number)); ++number) {
      const std::string name = ChunkName(number);
      ASSIGN_OR_RETURN(const std::string bytes,
                       ReadFile(fs_, JoinPath(path_, name), kChunkFileBytesMax));
      const StatusOr<ChunkInfo> info = DecodeChunkInfo(bytes, name);
      if (!info.ok()) {
        break;  // cut off by what interrupted the export: it is written again
      }
      if (!found.has_value()) {
        found.emplace(FoundChunks{info->state, ArchiveSums(info->state), {}, info->db, ""});
      }
      if (!found->sums.Add(*info).ok()) {
        break;
      }
      found->chunks.push_back({bytes.size(), info->digest});
      found->last_db = info->db;
      found->last_key = info->last_key;
    }
    return found;
  }

  Status AddChunk(const ChunkInfo& info, std::string_view bytes) override {
    const std::string name = ChunkName(info.number);
    const std::string path = JoinPath(path_, name);
    if (names_.contains(name)) {
      // Behind a damaged one there can be chunks that are right.
      const StatusOr<std::string> there = ReadFile(fs_, path, bytes.size());
      if (there.ok() && *there == bytes) {
        return OkStatus();
      }
    }
    return WriteMember(fs_, path, bytes);
  }

  Status Finish(const ArchiveManifest& manifest, std::string_view payload) override {
    RETURN_IF_ERROR(WriteMember(fs_, JoinPath(path_, kArchivePayloadName), payload));
    // What an export of another state, or one that was cut off, left.
    for (const std::string& name : names_) {
      const bool is_left_over =
          name.ends_with(kTemporarySuffix) ||
          (IsChunkName(name) && name > ChunkName(static_cast<uint32_t>(manifest.chunks.size())));
      ASSIGN_OR_RETURN(const bool exists, Exists(fs_, JoinPath(path_, name)));
      if (is_left_over && exists) {
        RETURN_IF_ERROR(fs_.RemoveFile(JoinPath(path_, name)));
      }
    }
    RETURN_IF_ERROR(fs_.SyncDir(path_));
    return WriteFileDurably(fs_, JoinPath(path_, kArchiveManifestName),
                            EncodeArchiveManifest(manifest));
  }

 private:
  FileSystem& fs_;
  const std::string path_;
  std::set<std::string, std::less<>> names_;  // when it was opened
  std::optional<ArchiveManifest> complete_;
};

}  // namespace

StatusOr<std::unique_ptr<ArchiveWriter>> OpenArchiveDirectory(FileSystem& fs, std::string path) {
  auto writer = std::make_unique<DirectoryWriter>(fs, std::move(path));
  RETURN_IF_ERROR(writer->Open());
  return std::unique_ptr<ArchiveWriter>(std::move(writer));
}

}  // namespace flatkv
