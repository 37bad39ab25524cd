#include "flatkv/engine/leveldb_engine.h"

#include <fmt/format.h>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "flatkv/base/check.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/engine/compaction_debt.h"
#include "flatkv/engine/db_directory.h"
#include "flatkv/engine/leveldb_checkpoint.h"
#include "flatkv/engine/leveldb_compaction.h"
#include "flatkv/engine/leveldb_env.h"
#include "flatkv/engine/leveldb_info_log.h"
#include "flatkv/engine/leveldb_iterator.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

constexpr size_t kOwnCacheBytes = 8 << 20;
// What a compaction does between two looks whether to go on: a few tables, about a second.
constexpr uint64_t kCompactionStepBytes = uint64_t{64} << 20;
// How soon a waiting Flush looks whether the flush it waits for has failed.
constexpr std::chrono::milliseconds kFailurePoll{5};

leveldb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class LevelDbEngine final : public KvEngine {
 public:
  LevelDbEngine(FileSystem& fs, BackgroundThreads& threads, Logger& logger, const std::string& path,
                const LevelDbEngineOptions& options);
  ~LevelDbEngine() override { Close().IgnoreError(); }

  Status Open(bool create);

  StatusOr<bool> Get(std::string_view key, std::string* value) override;
  std::unique_ptr<KvIterator> NewIterator() override;
  Status Write(std::span<const EngineWrite> writes, Version version) override;
  Status Flush() override;
  Version FlushedVersion() const override { return env_.flushes().FlushedVersion(); }
  Version CommittedToDisk() const override { return env_.flushes().LastRotatedVersion(); }
  Status BeginCheckpoint() override;
  StatusOr<std::vector<CheckpointFile>> FinishCheckpoint(const std::string& directory,
                                                         bool allow_copy) override;
  void AbandonCheckpoint() override { checkpoint_.Abandon(); }
  Status Compact(const std::function<bool(uint64_t done, uint64_t total)>& go_on) override;
  void ReleaseCompactions() override { env_.work().Release(); }
  EngineStats Stats() override;
  uint64_t Level0Tables() override { return db_ == nullptr ? 0 : flatkv::Level0Tables(*db_); }
  CompactionDebt Debt() override {
    return db_ == nullptr ? CompactionDebt() : ReadCompactionDebt(*db_);
  }
  Status Close() override;

 private:
  Status Closed() const;
  Status CheckWritable();
  // Ends writing for the life of this handle. Returns the first failure.
  Status Poison(const Status& cause);
  Status WriteToDb(leveldb::WriteBatch* batch, std::optional<Version> version)
      REQUIRES(db_write_mu_);
  // Rotates the memtable out and returns.
  Status Rotate() REQUIRES(db_write_mu_);
  // LevelDB reports the error of a background flush or compaction to the next writer, and only
  // there: this is one, without a batch.
  Status Probe();
  // Of the keys from `begin` on, below `end`; null: no bound.
  void CompactStep(const leveldb::Slice* begin, const leveldb::Slice* end);

  // Constant after construction.
  FileSystem& fs_;
  const std::string path_;
  const LevelDbEngineOptions options_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  const std::unique_ptr<leveldb::Cache> own_cache_;
  leveldb::Cache* const cache_;

  LevelDbInfoLog info_log_;
  mutable LevelDbEnv env_;
  LevelDbCheckpoint checkpoint_;
  // Held for every write of LevelDB's: it may join the writes of two threads into one, and a
  // rotation that is joined to a batch is lost.
  Mutex db_write_mu_;
  std::atomic<int64_t> live_iterators_ = 0;
  // Set by Open, cleared by Close.
  std::unique_ptr<leveldb::DB> db_;

  // Used by the writing thread only.
  leveldb::WriteBatch batch_;
  bool memtable_is_empty_ = true;
  Status failure_;
};

LevelDbEngine::LevelDbEngine(FileSystem& fs, BackgroundThreads& threads, Logger& logger,
                             const std::string& path, const LevelDbEngineOptions& options)
    : fs_(fs),
      path_(path),
      options_(options),
      filter_(options.bloom_bits_per_key > 0
                  ? leveldb::NewBloomFilterPolicy(options.bloom_bits_per_key)
                  : nullptr),
      own_cache_(options.block_cache == nullptr ? leveldb::NewLRUCache(kOwnCacheBytes) : nullptr),
      cache_(options.block_cache == nullptr ? own_cache_.get() : options.block_cache),
      info_log_(logger, path),
      env_(fs, threads, logger, options.before_flush_is_durable),
      checkpoint_(fs, env_, path, [this] { return Probe(); }) {}

Status LevelDbEngine::Open(bool create) {
  leveldb::Options options;
  options.create_if_missing = create;
  options.paranoid_checks = true;
  options.env = &env_;
  options.info_log = &info_log_;
  options.write_buffer_size = options_.write_buffer_bytes;
  options.max_open_files = options_.max_open_files;
  options.block_cache = cache_;
  options.block_size = options_.block_bytes;
  options.max_file_size = options_.max_file_bytes;
  options.compression =
      options_.compression ? leveldb::kSnappyCompression : leveldb::kNoCompression;
  options.reuse_logs = false;
  options.filter_policy = filter_.get();
  if (options_.hold_compactions) {
    env_.work().Hold(ScheduledWork::kUntilReleased);
  }
  leveldb::DB* db = nullptr;
  const leveldb::Status opened = leveldb::DB::Open(options, path_, &db);
  db_.reset(db);
  if (!opened.ok()) {
    return env_.monitor().Explain(opened, path_);
  }
  if (options_.hold_compactions) {
    env_.work().Hold(kHeldLevel0Tables - std::min(kHeldLevel0Tables, Level0Tables()));
  }
  // What LevelDB ignored while it opened (a failed removal or listing) ends this handle like any
  // other failed write.
  return env_.monitor().WriteFailure();
}

Status LevelDbEngine::Closed() const {
  return WithReason(Unavailable(fmt::format("leveldb {}: the engine is closed", path_)),
                    Reason::kClosed);
}

StatusOr<bool> LevelDbEngine::Get(std::string_view key, std::string* value) {
  if (db_ == nullptr) {
    return Closed();
  }
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  const ScheduledWork::Reading reading;
  const leveldb::Status status = db_->Get(options, ToSlice(key), value);
  if (status.IsNotFound()) {
    return false;
  }
  if (!status.ok()) {
    return env_.monitor().Explain(status, path_);
  }
  return true;
}

std::unique_ptr<KvIterator> LevelDbEngine::NewIterator() {
  if (db_ == nullptr) {
    return MakeFailedIterator(Closed());
  }
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  // A scan must not push the blocks of point reads out of the cache.
  options.fill_cache = false;
  return MakeLevelDbIterator(std::unique_ptr<leveldb::Iterator>(db_->NewIterator(options)), path_,
                             env_.monitor(), live_iterators_);
}

Status LevelDbEngine::CheckWritable() {
  if (db_ == nullptr) {
    return Closed();
  }
  if (!failure_.ok()) {
    return failure_;
  }
  const Status failed_below = env_.monitor().WriteFailure();
  return failed_below.ok() ? OkStatus() : Poison(Annotate(failed_below, "leveldb " + path_));
}

Status LevelDbEngine::Poison(const Status& cause) {
  if (failure_.ok()) {
    failure_ = cause;
  }
  return failure_;
}

// After a failed write LevelDB would go on and could lose later ones, so the first failure is
// final.
Status LevelDbEngine::WriteToDb(leveldb::WriteBatch* batch, std::optional<Version> version) {
  const leveldb::Status written = db_->Write(leveldb::WriteOptions(), batch);
  if (written.ok() && version.has_value()) {
    // Before a Probe can rotate the batch out.
    env_.flushes().BatchWritten(*version);
  }
  return written.ok() ? OkStatus() : Poison(env_.monitor().Explain(written, path_));
}

Status LevelDbEngine::Rotate() {
  // What LevelDB does with no batch.
  RETURN_IF_ERROR(WriteToDb(nullptr, std::nullopt));
  memtable_is_empty_ = true;
  return OkStatus();
}

Status LevelDbEngine::Probe() {
  leveldb::WriteBatch nothing;
  MutexLock lock(db_write_mu_);
  return env_.monitor().Explain(db_->Write(leveldb::WriteOptions(), &nothing), path_);
}

Status LevelDbEngine::Write(std::span<const EngineWrite> writes, Version version) {
  RETURN_IF_ERROR(CheckWritable());
  batch_.Clear();
  for (const EngineWrite& write : writes) {
    if (write.remove) {
      batch_.Delete(ToSlice(write.key));
    } else {
      batch_.Put(ToSlice(write.key), ToSlice(write.value));
    }
  }
  MutexLock lock(db_write_mu_);
  RETURN_IF_ERROR(WriteToDb(&batch_, version));
  memtable_is_empty_ = false;
  return OkStatus();
}

Status LevelDbEngine::Flush() {
  RETURN_IF_ERROR(CheckWritable());
  if (!memtable_is_empty_) {
    MutexLock lock(db_write_mu_);
    RETURN_IF_ERROR(Rotate());
  }
  const uint64_t log = env_.flushes().LastRotatedLog();
  while (!env_.flushes().WaitFlushed(log, kFailurePoll)) {
    RETURN_IF_ERROR(CheckWritable());
    if (const Status failed = Probe(); !failed.ok()) {
      return Poison(failed);
    }
  }
  return CheckWritable();
}

Status LevelDbEngine::BeginCheckpoint() {
  RETURN_IF_ERROR(CheckWritable());
  // A Probe or a compaction rotates memtables too: not between the looks that this takes.
  MutexLock lock(db_write_mu_);
  return checkpoint_.Begin(memtable_is_empty_ ? std::function<Status()>()
                                              : [this]()
                                                    NO_THREAD_SAFETY_ANALYSIS { return Rotate(); });
}

StatusOr<std::vector<CheckpointFile>> LevelDbEngine::FinishCheckpoint(const std::string& directory,
                                                                      bool allow_copy) {
  if (db_ == nullptr) {
    return Closed();
  }
  return checkpoint_.Finish(directory, allow_copy);
}

Status LevelDbEngine::Compact(const std::function<bool(uint64_t done, uint64_t total)>& go_on) {
  if (db_ == nullptr) {
    return Closed();
  }
  const std::vector<std::string> bounds = CompactionBounds(*db_, kCompactionStepBytes);
  const size_t steps = bounds.size() + 1;
  for (size_t i = 0; i < steps; ++i) {
    if (!go_on(i, steps)) {
      return Cancelled("the compaction was cancelled; what was compacted stays so");
    }
    const leveldb::Slice begin = ToSlice(i == 0 ? std::string_view() : bounds[i - 1]);
    const leveldb::Slice end = ToSlice(i == bounds.size() ? std::string_view() : bounds[i]);
    CompactStep(i == 0 ? nullptr : &begin, i == bounds.size() ? nullptr : &end);
    // LevelDB says nothing of a compaction that failed but to the next writer.
    RETURN_IF_ERROR(Probe());
    RETURN_IF_ERROR(Annotate(env_.monitor().WriteFailure(), "leveldb " + path_));
  }
  return OkStatus();
}

// LevelDB begins by rotating the memtable out, a write that nobody else may join (db_write_mu_).
// The call goes on for as long as the compaction takes, so it has a thread of its own, and the
// writers are let in once the new memtable's log is there.
void LevelDbEngine::CompactStep(const leveldb::Slice* begin, const leveldb::Slice* end) {
  const ScheduledWork::Pass pass(env_.work());
  std::atomic<bool> done = false;
  std::thread compaction;
  {
    MutexLock lock(db_write_mu_);
    const uint64_t log = env_.flushes().LiveLog();
    compaction = std::thread([&] {
      SetThreadName("fkv-compact");
      db_->CompactRange(begin, end);
      done = true;
    });
    while (!done && !env_.flushes().WaitRotated(log, kFailurePoll)) {
    }
  }
  compaction.join();
}

EngineStats LevelDbEngine::Stats() {
  EngineStats stats;
  stats.bytes_written = env_.monitor().BytesWritten();
  std::string usage;
  if (db_ != nullptr && db_->GetProperty("leveldb.approximate-memory-usage", &usage)) {
    uint64_t bytes = 0;
    std::from_chars(usage.data(), usage.data() + usage.size(), bytes);
    // LevelDB counts the block cache in; another DB may fill a shared one in between.
    const uint64_t cached = cache_->TotalCharge();
    stats.memtable_bytes = bytes > cached ? bytes - cached : 0;
  }
  const StatusOr<std::vector<std::string>> names = fs_.List(path_);
  if (!names.ok()) {
    return stats;
  }
  for (const std::string& name : *names) {
    // A file that LevelDB has removed meanwhile does not count.
    if (const StatusOr<FileInfo> info = fs_.Stat(JoinPath(path_, name)); info.ok()) {
      stats.bytes_on_disk += info->size_bytes;
      ++stats.files;
    }
  }
  return stats;
}

Status LevelDbEngine::Close() {
  FLATKV_CHECK(live_iterators_ == 0);
  AbandonCheckpoint();
  env_.work().Release();
  db_.reset();
  return OkStatus();
}

}  // namespace

StatusOr<std::unique_ptr<KvEngine>> OpenLevelDbEngine(FileSystem& fs, BackgroundThreads& threads,
                                                      Logger& logger, const std::string& path,
                                                      const LevelDbEngineOptions& options) {
  ASSIGN_OR_RETURN(const bool create, PrepareDbDirectory(fs, path));
  auto engine = std::make_unique<LevelDbEngine>(fs, threads, logger, path, options);
  RETURN_IF_ERROR(engine->Open(create));
  return engine;
}

}  // namespace flatkv
