#include "flatkv/engine/leveldb_env.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "flatkv/engine/leveldb_files.h"
#include "flatkv/engine/leveldb_status.h"
#include "flatkv/engine/manifest_tail.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

// Table writers start write-back this often: a later fdatasync of the changelog then finds less in
// its way.
constexpr uint64_t kTableWritebackBytes = uint64_t{2} << 20;

constexpr uint64_t kManifestBytesMax = uint64_t{1} << 30;

class HeldLock final : public leveldb::FileLock {
 public:
  explicit HeldLock(std::unique_ptr<flatkv::FileLock> lock) : lock_(std::move(lock)) {}

 private:
  const std::unique_ptr<flatkv::FileLock> lock_;
};

bool IsTable(std::string_view name) { return name.ends_with(".ldb") || name.ends_with(".sst"); }

bool IsManifest(std::string_view name) { return name.starts_with("MANIFEST-"); }

// The number N of "N.log".
std::optional<uint64_t> LogNumber(std::string_view name) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || std::string_view(end, name.data() + name.size()) != ".log") {
    return std::nullopt;
  }
  return number;
}

}  // namespace

LevelDbEnv::LevelDbEnv(FileSystem& fs, BackgroundThreads& threads, flatkv::Logger& logger,
                       std::function<Status()> before_flush_is_durable)
    : fs_(fs),
      logger_(logger),
      before_flush_is_durable_(std::move(before_flush_is_durable)),
      work_(threads) {}

template <typename Operation>
leveldb::Status LevelDbEnv::Change(Operation operation) {
  const Status failed_before = monitor_.WriteFailure();
  return ToLevelDb(failed_before.ok() ? monitor_.NoteWrite(operation()) : failed_before);
}

Status LevelDbEnv::BeforeManifestWrite() {
  // Records of an opening DB and of compactions bring no new version.
  if (!before_flush_is_durable_ || !flushes_.FlushOutstanding()) {
    return OkStatus();
  }
  return before_flush_is_durable_();
}

leveldb::Status LevelDbEnv::NewSequentialFile(const std::string& path,
                                              leveldb::SequentialFile** result) {
  *result = nullptr;
  if (IsManifest(BaseName(path))) {
    return OpenManifest(path, result);
  }
  StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_.OpenRead(path);
  if (!file.ok()) {
    return ToLevelDb(monitor_.NoteRead(file.status()));
  }
  *result = MakeSequentialFile(*std::move(file), monitor_).release();
  return leveldb::Status::OK();
}

leveldb::Status LevelDbEnv::OpenManifest(const std::string& path,
                                         leveldb::SequentialFile** result) {
  StatusOr<std::string> content = ReadFile(fs_, path, kManifestBytesMax);
  if (!content.ok()) {
    return ToLevelDb(monitor_.NoteRead(content.status()));
  }
  if (const size_t sound_bytes = BytesBeforeTornTail(*content); sound_bytes < content->size()) {
    logger_.Log(LogLevel::kWarning, "engine.torn_manifest",
                fmt::format("{}: ignoring {} bytes of a torn record at offset {}", path,
                            content->size() - sound_bytes, sound_bytes));
    content->resize(sound_bytes);
  }
  *result = MakeSequentialFile(*std::move(content)).release();
  return leveldb::Status::OK();
}

leveldb::Status LevelDbEnv::NewRandomAccessFile(const std::string& path,
                                                leveldb::RandomAccessFile** result) {
  *result = nullptr;
  StatusOr<std::unique_ptr<RandomAccessFile>> file = fs_.OpenRead(path);
  if (!file.ok()) {
    return ToLevelDb(monitor_.NoteRead(
        IsNotFound(file.status()) ? Recode(file.status(), StatusCode::kDataLoss) : file.status()));
  }
  *result = MakeRandomAccessFile(*std::move(file), monitor_).release();
  return leveldb::Status::OK();
}

leveldb::Status LevelDbEnv::NewWritableFile(const std::string& path,
                                            leveldb::WritableFile** result) {
  *result = nullptr;
  const std::string_view name = BaseName(path);
  const std::optional<uint64_t> log = LogNumber(name);
  return Change([&]() -> Status {
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs_.Create(path));
    gate_.Created(path);
    if (log.has_value()) {
      RETURN_IF_ERROR(file->Close());
      flushes_.LogCreated(*log);
      work_.Rotated();
      *result = MakeDroppingFile().release();
      return OkStatus();
    }
    BufferedFileOptions options;
    if (IsTable(name)) {
      options.writeback_bytes = kTableWritebackBytes;
    }
    // The temporary file of a new CURRENT has no name to keep: the rename makes its name durable.
    options.sync_name = !name.ends_with(".dbtmp");
    if (IsManifest(name)) {
      options.before_write = [this] { return BeforeManifestWrite(); };
      options.after_sync = [this, manifest = std::string(name)](uint64_t size_bytes) {
        gate_.ManifestSynced(manifest, size_bytes);
      };
    }
    *result = MakeBufferedFile(std::move(file), path, fs_, monitor_, std::move(options)).release();
    return OkStatus();
  });
}

bool LevelDbEnv::FileExists(const std::string& path) {
  const StatusOr<bool> exists = Exists(fs_, path);
  // LevelDB makes a new DB where CURRENT does not exist: what cannot be looked at counts as
  // existing.
  return !monitor_.NoteRead(exists.status()).ok() || *exists;
}

leveldb::Status LevelDbEnv::GetChildren(const std::string& directory,
                                        std::vector<std::string>* result) {
  result->clear();
  StatusOr<std::vector<std::string>> names = fs_.List(directory);
  if (names.ok()) {
    *result = *std::move(names);
  }
  // Counts as a failed write: LevelDB ignores it and then does not remove the log that a Flush
  // waits for.
  return ToLevelDb(monitor_.NoteWrite(names.status()));
}

leveldb::Status LevelDbEnv::RemoveNow(const std::string& path) {
  return Change([&] {
    const Status removed = fs_.RemoveFile(path);
    return IsNotFound(removed) ? OkStatus() : removed;
  });
}

void LevelDbEnv::RemoveReleased(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    RemoveNow(path);
  }
}

leveldb::Status LevelDbEnv::RemoveFile(const std::string& path) {
  const std::string_view name = BaseName(path);
  if ((IsTable(name) || IsManifest(name)) && gate_.HoldsBack(path)) {
    return leveldb::Status::OK();
  }
  const leveldb::Status result = RemoveNow(path);
  // Also if the removal failed: that LevelDB wants to remove the log is what says that its memtable
  // is durable.
  if (const std::optional<uint64_t> log = LogNumber(name); log.has_value()) {
    // In this order: who armed the gate and then still finds the flush outstanding will see the
    // capture.
    flushes_.LogRemoved(*log);
    gate_.LogRemoved(*log);
  }
  return result;
}

leveldb::Status LevelDbEnv::CreateDir(const std::string&) { return leveldb::Status::OK(); }

leveldb::Status LevelDbEnv::RemoveDir(const std::string& directory) {
  return Change([&] { return fs_.RemoveDir(directory); });
}

leveldb::Status LevelDbEnv::GetFileSize(const std::string& path, uint64_t* size_bytes) {
  const StatusOr<FileInfo> info = fs_.Stat(path);
  *size_bytes = info.ok() ? info->size_bytes : 0;
  return ToLevelDb(monitor_.NoteRead(info.status()));
}

leveldb::Status LevelDbEnv::RenameFile(const std::string& from, const std::string& to) {
  return Change([&] {
    RETURN_IF_ERROR(fs_.Rename(from, to));
    return fs_.SyncDir(ParentPath(to));
  });
}

leveldb::Status LevelDbEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  *lock = nullptr;
  return Change([&]() -> Status {
    ASSIGN_OR_RETURN(std::unique_ptr<flatkv::FileLock> held, fs_.Lock(path));
    *lock = std::make_unique<HeldLock>(std::move(held)).release();
    return OkStatus();
  });
}

leveldb::Status LevelDbEnv::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<leveldb::FileLock> owned(lock);
  return leveldb::Status::OK();
}

void LevelDbEnv::Schedule(void (*function)(void*), void* argument) {
  // LevelDB flushes first, whatever it has to compact.
  work_.Schedule(flushes_.FlushOutstanding() ? BackgroundThreads::Work::kFlush
                                             : BackgroundThreads::Work::kCompaction,
                 function, argument);
}

void LevelDbEnv::StartThread(void (*function)(void*), void* argument) {
  Schedule(function, argument);
}

leveldb::Status LevelDbEnv::GetTestDirectory(std::string*) {
  return leveldb::Status::NotSupported("test directory");
}

leveldb::Status LevelDbEnv::NewLogger(const std::string&, leveldb::Logger** result) {
  *result = nullptr;
  return leveldb::Status::NotSupported("info log");
}

uint64_t LevelDbEnv::NowMicros() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

void LevelDbEnv::SleepForMicroseconds(int micros) {
  std::this_thread::sleep_for(std::chrono::microseconds(micros));
}

}  // namespace flatkv
