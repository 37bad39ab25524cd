#include "bench/engine_part.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "bench/clock.h"
#include "bench/commit_run.h"
#include "bench/part_rows.h"
#include "flatkv/base/cpu_clock.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/engine/block_cache.h"
#include "flatkv/engine/leveldb_engine.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::bench {
namespace {

constexpr size_t kRowsPerTask = 256;

// The four data DBs, opened as a store opens them.
class Engines {
 public:
  explicit Engines(const StoreOptions& options)
      : threads_(options.background_threads), cache_(NewBlockCache(options.block_cache_bytes)) {}

  Status Open(const StoreOptions& options, const std::string& directory) {
    RETURN_IF_ERROR(MakeDirsDurably(PosixFileSystem(), directory));
    for (const DataDb db : kAllDataDbs) {
      LevelDbEngineOptions engine;
      engine.write_buffer_bytes =
          db == DataDb::kCode ? options.write_buffer_bytes / 4 : options.write_buffer_bytes;
      engine.max_file_bytes = options.max_file_bytes;
      engine.max_open_files = options.max_open_files;
      engine.compression = options.compression;
      engine.block_cache = cache_.get();
      ASSIGN_OR_RETURN(engines_[IndexOf(db)],
                       OpenLevelDbEngine(PosixFileSystem(), threads_, NullLogger(),
                                         JoinPath(directory, NameOf(db)), engine));
    }
    return OkStatus();
  }
  Status Write(Version version, const PartRows& rows) {
    for (const DataDb db : kAllDataDbs) {
      writes_.clear();
      for (const PartRow& row : rows.RowsOf(db)) {
        writes_.push_back({row.key, row.value, row.remove});
      }
      if (!writes_.empty()) {
        RETURN_IF_ERROR(engines_[IndexOf(db)]->Write(writes_, version));
      }
    }
    return OkStatus();
  }
  Status Flush() {
    for (const auto& engine : engines_) {
      RETURN_IF_ERROR(engine->Flush());
    }
    return OkStatus();
  }
  uint64_t BytesWritten() {
    uint64_t bytes = 0;
    for (const auto& engine : engines_) {
      bytes += engine->Stats().bytes_written;
    }
    return bytes;
  }
  KvEngine& operator[](DataDb db) { return *engines_[IndexOf(db)]; }

 private:
  BackgroundThreads threads_;
  const std::shared_ptr<leveldb::Cache> cache_;
  std::array<std::unique_ptr<KvEngine>, kDataDbs> engines_;
  std::vector<EngineWrite> writes_;
};

// The old value of each row; nullopt where there is none.
using OldValues = std::vector<std::optional<std::string>>;

Status ReadRows(Engines& engines, const std::vector<PartRow>& rows, ThreadPool& pool,
                OldValues* old_values) {
  const size_t tasks = (rows.size() + kRowsPerTask - 1) / kRowsPerTask;
  std::vector<Status> statuses(tasks);
  pool.ParallelFor(tasks, [&](size_t task) {
    const size_t end = std::min(rows.size(), (task + 1) * kRowsPerTask);
    std::string value;
    for (size_t i = task * kRowsPerTask; i < end; ++i) {
      const StatusOr<bool> found = engines[rows[i].db].Get(rows[i].key, &value);
      if (!found.ok()) {
        statuses[task] = found.status();
        return;
      }
      if (*found) {
        (*old_values)[i] = value;
      }
    }
  });
  for (const Status& status : statuses) {
    RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

HashBlock ToHashBlock(const std::vector<PartRow>& rows, const OldValues& old_values) {
  HashBlock block;
  size_t bytes = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    bytes += rows[i].key.size() + rows[i].value.size();
    bytes += old_values[i].has_value() ? old_values[i]->size() : 0;
  }
  block.bytes.reserve(bytes);  // so that the views stay
  const auto copy = [&](std::string_view text) {
    const char* const begin = block.bytes.data() + block.bytes.size();
    block.bytes.insert(block.bytes.end(), text.begin(), text.end());
    return std::string_view(begin, text.size());
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string_view key = copy(rows[i].key);
    if (old_values[i].has_value()) {
      block.elements.push_back({key, copy(*old_values[i]), true});
    }
    if (!rows[i].remove) {
      block.elements.push_back({key, copy(rows[i].value), false});
    }
  }
  return block;
}

// Sums over the measured blocks.
struct Totals {
  std::chrono::nanoseconds prepare{};
  int64_t prepare_cpu_nanoseconds = 0;
  std::array<std::chrono::nanoseconds, 2> read{};  // one thread, all threads
  std::array<uint64_t, 2> read_blocks{};
  std::array<uint64_t, 2> read_rows{};
  std::chrono::nanoseconds write{};
  uint64_t blocks = 0;
  uint64_t rows = 0;
  uint64_t found = 0;
  uint64_t updates = 0;
};

class EngineRun {
 public:
  EngineRun(Engines& engines, BlockSource& source, size_t threads)
      : engines_(engines), source_(source), pools_{{{"bench-read", 1}, {"bench-read", threads}}} {}

  Status Preload(uint64_t blocks) {
    for (uint64_t i = 0; i < blocks; ++i) {
      ASSIGN_OR_RETURN(const bool more, source_.Next(&block_));
      if (!more) {
        break;
      }
      rows_.Fill(++version_, block_);
      RETURN_IF_ERROR(engines_.Write(version_, rows_));
    }
    return engines_.Flush();
  }

  Status Measure(uint64_t blocks, size_t hash_blocks_max, std::vector<HashBlock>* hash_blocks) {
    for (uint64_t i = 0; i < blocks; ++i) {
      const int64_t cpu = ThreadCpuNanoseconds();
      ASSIGN_OR_RETURN(const bool more, source_.Next(&block_));
      if (!more) {
        break;
      }
      const Clock::time_point start = Clock::now();
      rows_.Fill(++version_, block_);
      totals_.prepare += Clock::now() - start;
      totals_.prepare_cpu_nanoseconds += ThreadCpuNanoseconds() - cpu;
      OldValues old_values(rows_.rows().size());
      RETURN_IF_ERROR(ReadAndWrite(i % 2, &old_values));
      if (hash_blocks->size() < hash_blocks_max) {
        hash_blocks->push_back(ToHashBlock(rows_.rows(), old_values));
      }
    }
    return engines_.Flush();
  }

  const Totals& totals() const { return totals_; }

 private:
  Status ReadAndWrite(size_t pool, OldValues* old_values) {
    const Clock::time_point read = Clock::now();
    RETURN_IF_ERROR(ReadRows(engines_, rows_.rows(), pools_[pool], old_values));
    const Clock::time_point write = Clock::now();
    RETURN_IF_ERROR(engines_.Write(version_, rows_));
    totals_.read[pool] += write - read;
    totals_.write += Clock::now() - write;
    ++totals_.read_blocks[pool];
    totals_.read_rows[pool] += rows_.rows().size();
    ++totals_.blocks;
    totals_.rows += rows_.rows().size();
    totals_.updates += block_.updates;
    totals_.found += static_cast<uint64_t>(
        std::count_if(old_values->begin(), old_values->end(),
                      [](const std::optional<std::string>& value) { return value.has_value(); }));
    return OkStatus();
  }

  Engines& engines_;
  BlockSource& source_;
  std::array<ThreadPool, 2> pools_;
  Block block_;
  PartRows rows_;
  Version version_ = 0;
  Totals totals_;
};

double PerBlock(std::chrono::nanoseconds time, uint64_t blocks) {
  return blocks == 0 ? 0 : Milliseconds(time) / static_cast<double>(blocks);
}

}  // namespace

StatusOr<EnginePart> MeasureEngine(const WorkOptions& work, const StoreOptions& options,
                                   const std::string& directory, size_t hash_blocks_max,
                                   std::vector<HashBlock>* hash_blocks) {
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, CommitRun::OpenSource(work));
  Engines engines(options);
  RETURN_IF_ERROR(engines.Open(options, directory));
  EngineRun run(engines, *source, options.threads);
  RETURN_IF_ERROR(run.Preload(source->preload_blocks() + work.length.warmup_blocks));
  const int64_t cpu = ProcessCpuNanoseconds();
  const uint64_t written = engines.BytesWritten();
  RETURN_IF_ERROR(run.Measure(work.length.blocks, hash_blocks_max, hash_blocks));
  const Totals& totals = run.totals();
  if (totals.blocks < 2) {
    return InvalidArgument("the parts need at least two blocks to measure");
  }
  const double updates = static_cast<double>(totals.updates);
  EnginePart part;
  part.prepare_ms = PerBlock(totals.prepare, totals.blocks);
  part.read_ms_one_thread = PerBlock(totals.read[0], totals.read_blocks[0]);
  part.read_ms_all_threads = PerBlock(totals.read[1], totals.read_blocks[1]);
  part.read_us_per_row_one_thread =
      Seconds(totals.read[0]) * 1e6 / static_cast<double>(totals.read_rows[0]);
  part.found_share = static_cast<double>(totals.found) / static_cast<double>(totals.rows);
  part.write_ms = PerBlock(totals.write, totals.blocks);
  part.write_us_per_row = Seconds(totals.write) * 1e6 / static_cast<double>(totals.rows);
  part.cpu_us_per_update =
      static_cast<double>(ProcessCpuNanoseconds() - cpu - totals.prepare_cpu_nanoseconds) / 1e3 /
      updates;
  part.bytes_written_per_update = static_cast<double>(engines.BytesWritten() - written) / updates;
  return part;
}

nlohmann::json ToJson(const EnginePart& part) {
  return {{"prepare_ms_per_block", part.prepare_ms},
          {"read_ms_per_block_one_thread", part.read_ms_one_thread},
          {"read_ms_per_block_all_threads", part.read_ms_all_threads},
          {"read_us_per_row_one_thread", part.read_us_per_row_one_thread},
          {"found_share", part.found_share},
          {"write_ms_per_block", part.write_ms},
          {"write_us_per_row", part.write_us_per_row},
          {"cpu_us_per_update", part.cpu_us_per_update},
          {"bytes_written_per_update", part.bytes_written_per_update}};
}

}  // namespace flatkv::bench
