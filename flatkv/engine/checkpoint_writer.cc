#include "flatkv/engine/checkpoint_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "flatkv/engine/manifest_reader.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

constexpr size_t kCopyBytes = size_t{1} << 20;

Status Corrupt(const std::string& message) {
  return WithReason(DataLoss("checkpoint " + message), Reason::kDataDbCorrupt);
}

// FileSystem::Link has no code of its own for this one.
bool IsCrossDevice(const Status& status) {
  return status.code() == StatusCode::kUnknown &&
         MessageOf(status).find("(EXDEV)") != std::string_view::npos;
}

Status WriteNewFile(FileSystem& fs, const std::string& path, std::string_view content) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs.Create(path));
  RETURN_IF_ERROR(file->Append(content));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

Status CopyFile(FileSystem& fs, const std::string& from, const std::string& to) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> source, fs.OpenRead(from));
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> copy, fs.Create(to));
  std::string buffer(kCopyBytes, '\0');
  for (uint64_t offset = 0;;) {
    ASSIGN_OR_RETURN(const size_t read, source->Read(offset, buffer.size(), buffer.data()));
    if (read == 0) {
      break;
    }
    RETURN_IF_ERROR(copy->Append(std::string_view(buffer).substr(0, read)));
    offset += read;
  }
  RETURN_IF_ERROR(copy->Sync());
  return copy->Close();
}

StatusOr<std::string> ReadPrefix(FileSystem& fs, const std::string& path, uint64_t size_bytes) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, fs.OpenRead(path));
  std::string bytes(size_bytes, '\0');
  ASSIGN_OR_RETURN(const size_t read, file->Read(0, bytes.size(), bytes.data()));
  if (read < size_bytes) {
    return Corrupt(fmt::format("{}: has {} bytes, {} were synced", path, read, size_bytes));
  }
  return bytes;
}

class CheckpointWriter {
 public:
  CheckpointWriter(FileSystem& fs, const CheckpointSource& source, const CheckpointTarget& target)
      : fs_(fs), source_(source), target_(target) {}

  Status Run() {
    const std::string path = JoinPath(source_.db_path, source_.position.name);
    ASSIGN_OR_RETURN(const std::string manifest,
                     ReadPrefix(fs_, path, source_.position.size_bytes));
    const StatusOr<ManifestState> state = ReadManifest(manifest);
    if (!state.ok()) {
      return Corrupt(fmt::format("{}: {}", path, MessageOf(state.status())));
    }
    if (state->log_number != source_.next_log) {
      return Internal(fmt::format("checkpoint {}: stands before log {}, not {}", path,
                                  state->log_number, source_.next_log));
    }
    for (const ManifestTable& table : state->tables) {
      RETURN_IF_ERROR(target_.check_wanted());
      RETURN_IF_ERROR(AddTable(table));
    }
    RETURN_IF_ERROR(target_.check_wanted());
    RETURN_IF_ERROR(AddFile(source_.position.name, manifest));
    RETURN_IF_ERROR(AddFile("CURRENT", source_.position.name + "\n"));
    return fs_.SyncDir(target_.directory);
  }

  std::vector<CheckpointFile> TakeFiles() {
    std::sort(files_.begin(), files_.end(),
              [](const CheckpointFile& a, const CheckpointFile& b) { return a.name < b.name; });
    return std::move(files_);
  }

 private:
  // LevelDB writes .ldb and also reads .sst, which Pebble and old versions write.
  StatusOr<std::string> FindTable(uint64_t number) {
    for (const char* const suffix : {"ldb", "sst"}) {
      std::string path = JoinPath(source_.db_path, fmt::format("{:06}.{}", number, suffix));
      ASSIGN_OR_RETURN(const bool exists, Exists(fs_, path));
      if (exists) {
        return path;
      }
    }
    return Corrupt(fmt::format("{}: table {:06} is missing", source_.db_path, number));
  }

  Status AddTable(const ManifestTable& table) {
    ASSIGN_OR_RETURN(const std::string from, FindTable(table.number));
    CheckpointFile file{fmt::format("{:06}.sst", table.number), table.size_bytes, true};
    const std::string to = JoinPath(target_.directory, file.name);
    Status made = fs_.Link(from, to);
    if (IsCrossDevice(made)) {
      if (!target_.allow_copy) {
        return FailedPrecondition(
            fmt::format("checkpoint {}: cannot be linked to {} on another file system", from, to));
      }
      file.linked = false;
      made = CopyFile(fs_, from, to);
    }
    if (!made.ok()) {
      return Annotate(made, "checkpoint " + to);
    }
    ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(to));
    if (info.size_bytes != table.size_bytes) {
      return Corrupt(fmt::format("{}: has {} bytes, the manifest says {}", from, info.size_bytes,
                                 table.size_bytes));
    }
    files_.push_back(std::move(file));
    return OkStatus();
  }

  Status AddFile(const std::string& name, const std::string& content) {
    RETURN_IF_ERROR(WriteNewFile(fs_, JoinPath(target_.directory, name), content));
    files_.push_back({name, content.size(), false});
    return OkStatus();
  }

  FileSystem& fs_;
  const CheckpointSource& source_;
  const CheckpointTarget& target_;
  std::vector<CheckpointFile> files_;
};

}  // namespace

StatusOr<std::vector<CheckpointFile>> WriteCheckpoint(FileSystem& fs,
                                                      const CheckpointSource& source,
                                                      const CheckpointTarget& target) {
  CheckpointWriter writer(fs, source, target);
  RETURN_IF_ERROR(writer.Run());
  return writer.TakeFiles();
}

}  // namespace flatkv
