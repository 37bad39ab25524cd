#include "bench/commit_run.h"

#include <thread>

#include "bench/work_json.h"
#include "flatkv/base/hex.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::bench {
namespace {

constexpr std::chrono::milliseconds kBacklogPoll{2};

// Until the data DBs hold every block.
Status AwaitWritten(CommitDriver& driver) {
  while (true) {
    ASSIGN_OR_RETURN(const StoreInfo info, driver.Info());
    if (info.poisoned) {
      return Unavailable(info.poison_reason);
    }
    if (info.backlog.versions == 0) {
      return OkStatus();
    }
    std::this_thread::sleep_for(kBacklogPoll);
  }
}

}  // namespace

StatusOr<std::unique_ptr<BlockSource>> CommitRun::OpenSource(const WorkOptions& work) {
  return work.file.has_value()
             ? OpenFileSource(PosixFileSystem(), *work.file, work.file_preload_blocks)
             : NewWorkloadSource(work.workload);
}

CommitRun::CommitRun(const WorkOptions& work, BlockSource& source, size_t busy_threads)
    : work_(work),
      preload_blocks_(source.preload_blocks()),
      own_thread_(work.generate == Generate::kAuto ? HasSpareCore(busy_threads)
                                                   : work.generate == Generate::kThread),
      feeder_(source, own_thread_) {}

OnCommitted CommitRun::on_committed() {
  return [this](const CommittedBlock& block) {
    last_ = block;
    if (recorder_.has_value()) {
      recorder_->Add(block);
    }
  };
}

CommitRun::Usage CommitRun::UsageOf(CommitDriver& driver) const {
  return {driver.Usage(), ReadProcessUsage(), feeder_.cpu_seconds()};
}

StatusOr<uint64_t> CommitRun::CommitBlocks(CommitDriver& driver, uint64_t count) {
  uint64_t done = 0;
  for (; done < count; ++done) {
    ASSIGN_OR_RETURN(const bool more, feeder_.Next(&block_));
    if (!more) {
      break;
    }
    RETURN_IF_ERROR(driver.Commit(++version_, block_));
  }
  RETURN_IF_ERROR(driver.Drain());
  return done;
}

Status CommitRun::CommitMeasured(CommitDriver& driver) {
  const Clock::time_point start = Clock::now();
  const RunLength& length = work_.length;
  for (uint64_t i = 0; length.duration.has_value() || i < length.blocks; ++i) {
    const Clock::time_point now = Clock::now();
    if (length.duration.has_value() && now - start >= *length.duration) {
      break;
    }
    ASSIGN_OR_RETURN(const bool more, feeder_.Next(&block_));
    if (!more) {
      break;
    }
    measured_waiting_ += Seconds(Clock::now() - now);
    measured_distinct_ += block_.distinct_rows;
    RETURN_IF_ERROR(driver.Commit(++version_, block_));
  }
  return driver.Drain();
}

nlohmann::json CommitRun::Costs(const Usage& before, const Usage& after, bool in_process) const {
  const double updates = static_cast<double>(recorder_->updates());
  const double generating = after.generating - before.generating;
  const double own = after.self.cpu_seconds - before.self.cpu_seconds - generating;
  nlohmann::json json;
  if (!after.store.has_value()) {
    json["client_cpu_us_per_update"] = own * 1e6 / updates;
    return json;
  }
  const double cpu = after.store->cpu_seconds - before.store->cpu_seconds;
  // In one process, making the blocks is not the store's cost.
  json["cpu_us_per_update"] = (in_process ? own : cpu) * 1e6 / updates;
  if (!in_process) {
    json["client_cpu_us_per_update"] = own * 1e6 / updates;
  }
  json["bytes_written_per_update"] =
      static_cast<double>(after.store->bytes_written - before.store->bytes_written) / updates;
  json["resident_mib"] = static_cast<double>(after.store->resident_bytes) / (1 << 20);
  json["resident_mib_peak"] = static_cast<double>(after.store->resident_bytes_peak) / (1 << 20);
  return json;
}

nlohmann::json CommitRun::Generation(double cpu_seconds) const {
  return {{"where", own_thread_ ? "on its own thread, one block ahead"
                    : work_.generate == Generate::kBefore
                        ? "before the run, in memory"
                        : "between blocks, while the store's background work goes on"},
          {"cpu_seconds", cpu_seconds},
          {"waiting_seconds", measured_waiting_}};
}

StatusOr<nlohmann::json> CommitRun::Measure(CommitDriver& driver,
                                            std::optional<std::chrono::seconds> series,
                                            AtEnd at_end) {
  nlohmann::json result;
  const bool before_the_run = work_.generate == Generate::kBefore;
  if (before_the_run && work_.length.duration.has_value()) {
    return InvalidArgument(
        "--generate before makes a number of blocks: give --blocks, not --duration");
  }
  ASSIGN_OR_RETURN(const StoreInfo before_all, driver.Info());
  version_ = before_all.version;
  const Clock::time_point preload_start = Clock::now();
  ASSIGN_OR_RETURN(const uint64_t preloaded, CommitBlocks(driver, preload_blocks_));
  RETURN_IF_ERROR(AwaitWritten(driver));
  result["preload_blocks"] = preloaded;
  result["preload_seconds"] = Seconds(Clock::now() - preload_start);
  if (before_the_run) {
    RETURN_IF_ERROR(feeder_.MakeAhead(work_.length.warmup_blocks + work_.length.blocks));
  }
  RETURN_IF_ERROR(CommitBlocks(driver, work_.length.warmup_blocks).status());

  const Usage before = UsageOf(driver);
  recorder_.emplace(Clock::now());
  RETURN_IF_ERROR(CommitMeasured(driver));
  if (recorder_->blocks() == 0) {
    return InvalidArgument("the blocks ended before one was measured: preload or warm up fewer");
  }
  const Clock::time_point last_block = Clock::now();
  ASSIGN_OR_RETURN(const StoreInfo left, driver.Info());
  if (at_end == AtEnd::kAwaitWritten) {
    RETURN_IF_ERROR(AwaitWritten(driver));
    result["updates_per_second_drained"] =
        static_cast<double>(recorder_->updates()) /
        (recorder_->busy_seconds() + Seconds(Clock::now() - last_block));
  }
  const Usage after = UsageOf(driver);

  const double updates = static_cast<double>(recorder_->updates());
  result["workload"] = DescribeWork(work_);
  result["blocks"] = recorder_->blocks();
  result["updates"] = recorder_->updates();
  if (measured_distinct_ > 0) {
    result["distinct_share"] = static_cast<double>(measured_distinct_) / updates;
  }
  result["updates_per_second"] = updates / recorder_->busy_seconds();
  result["level0_tables"] = left.backlog.level0_tables;
  result["compaction_debt_mib"] =
      static_cast<double>(left.backlog.compaction_debt_bytes) / (1 << 20);
  result.update(Costs(before, after, driver.in_process()));
  result["generation"] = Generation(after.generating - before.generating);
  result["latency"] = recorder_->Latency();
  if (series.has_value()) {
    result["series"] = recorder_->Series(*series);
    result["series_seconds"] = series->count();
  }
  ASSIGN_OR_RETURN(const nlohmann::json facts, driver.Facts());
  result.update(facts);
  result["version"] = last_.version;
  result["root"] = HexEncode(AsBytes(last_.root));
  return result;
}

}  // namespace flatkv::bench
