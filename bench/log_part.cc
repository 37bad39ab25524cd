#include "bench/log_part.h"

#include "bench/clock.h"
#include "bench/commit_run.h"
#include "bench/percentiles.h"
#include "flatkv/base/cpu_clock.h"
#include "flatkv/base/sha256.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/wal/wal.h"

namespace flatkv::bench {
namespace {

StatusOr<std::unique_ptr<Wal>> OpenLog(const StoreOptions& options, const std::string& directory) {
  return Wal::Open(PosixFileSystem(), NullLogger(), directory,
                   {.segment_bytes = options.wal_segment_bytes});
}

class LogRun {
 public:
  LogRun(Wal& unsynced, Wal& synced) : unsynced_(unsynced), synced_(synced) {}

  Status Add(const Block& block) {
    const int64_t cpu = ThreadCpuNanoseconds();
    const Clock::time_point start = Clock::now();
    const Version version = unsynced_.last_version() + 1;
    payload_.clear();
    AppendEntryVersion(version, &payload_);
    AppendChangeSets(block.changes, &payload_);
    const Digest digest = Sha256(payload_);
    const Clock::time_point append = Clock::now();
    RETURN_IF_ERROR(unsynced_.Append(version, payload_, digest, Digest{}));
    RETURN_IF_ERROR(unsynced_.Acknowledge(version));
    const Clock::time_point synced = Clock::now();
    cpu_nanoseconds_ += ThreadCpuNanoseconds() - cpu;
    RETURN_IF_ERROR(synced_.Append(version, payload_, digest, Digest{}));
    RETURN_IF_ERROR(synced_.Sync());
    RETURN_IF_ERROR(synced_.Acknowledge(version));
    encode_.Add(Milliseconds(append - start));
    append_.Add(Milliseconds(synced - append));
    synced_ms_.Add(Milliseconds(Clock::now() - synced));
    updates_ += block.updates;
    bytes_ += payload_.size();
    return OkStatus();
  }

  LogPart Result() {
    const double updates = static_cast<double>(updates_);
    return {.encode_ms = encode_.Mean(),
            .append_ms = append_.Mean(),
            .append_synced_ms = synced_ms_.Mean(),
            .append_synced_p99_ms = synced_ms_.At(0.99),
            .cpu_us_per_update = static_cast<double>(cpu_nanoseconds_) / 1e3 / updates,
            .bytes_per_update = static_cast<double>(bytes_) / updates};
  }

 private:
  Wal& unsynced_;
  Wal& synced_;
  std::string payload_;
  Percentiles encode_;
  Percentiles append_;
  Percentiles synced_ms_;
  int64_t cpu_nanoseconds_ = 0;
  uint64_t updates_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace

StatusOr<LogPart> MeasureLog(const WorkOptions& work, const StoreOptions& options,
                             const std::string& directory) {
  RETURN_IF_ERROR(MakeDirsDurably(PosixFileSystem(), directory));
  ASSIGN_OR_RETURN(const std::unique_ptr<Wal> unsynced,
                   OpenLog(options, JoinPath(directory, "unsynced")));
  ASSIGN_OR_RETURN(const std::unique_ptr<Wal> synced,
                   OpenLog(options, JoinPath(directory, "synced")));
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockSource> source, CommitRun::OpenSource(work));
  LogRun run(*unsynced, *synced);
  Block block;
  const uint64_t skipped = source->preload_blocks() + work.length.warmup_blocks;
  for (uint64_t i = 0; i < skipped + work.length.blocks; ++i) {
    ASSIGN_OR_RETURN(const bool more, source->Next(&block));
    if (!more) {
      break;
    }
    if (i >= skipped) {
      RETURN_IF_ERROR(run.Add(block));
    }
  }
  RETURN_IF_ERROR(unsynced->Close());
  RETURN_IF_ERROR(synced->Close());
  return run.Result();
}

nlohmann::json ToJson(const LogPart& part) {
  return {{"encode_ms_per_block", part.encode_ms},
          {"append_ms_per_block", part.append_ms},
          {"append_synced_ms_per_block", part.append_synced_ms},
          {"append_synced_p99_ms", part.append_synced_p99_ms},
          {"cpu_us_per_update", part.cpu_us_per_update},
          {"bytes_per_update", part.bytes_per_update}};
}

}  // namespace flatkv::bench
