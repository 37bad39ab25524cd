// What a scrub leaves for the next start: how far the pass has come, how the last one ended, and
// what is damaged. The file `scrub` in the store directory, a text record (docs/format.md,
// "Scrub").
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

// More are counted, not kept: the first ones say where to look.
inline constexpr size_t kScrubFindingsMax = 100;

struct ScrubRecord {
  bool running = false;  // a pass has begun and not ended
  bool paused = false;   // by command
  uint64_t started_unix_seconds = 0;
  uint64_t bytes = 0;  // read in this pass
  // Of the pass: the snapshots up to this version are done, of the next one the files up to this
  // path, and so many data DBs. Snapshots come first.
  Version snapshot = 0;
  std::string file;
  uint64_t data_dbs = 0;

  uint64_t last_end_unix_seconds = 0;  // 0: no pass has ended yet
  uint64_t last_seconds = 0;
  uint64_t last_bytes = 0;
  uint64_t last_findings = 0;

  // What makes the store CORRUPT, one line each: from when it is found until a whole pass finds
  // nothing.
  std::vector<std::string> findings;

  bool operator==(const ScrubRecord&) const = default;
};

std::string EncodeScrubRecord(const ScrubRecord& record);
// Errors: kDataLoss with Reason::kSnapshotCorrupt; kFailedPrecondition with
// Reason::kIncompatibleFormat.
StatusOr<ScrubRecord> DecodeScrubRecord(std::string_view text, std::string_view path);

// Of the store in `directory`; an empty one if there is none yet.
StatusOr<ScrubRecord> ReadScrubRecord(FileSystem& fs, const std::string& directory);
// Durable when it returns.
Status WriteScrubRecord(FileSystem& fs, const std::string& directory, const ScrubRecord& record);
// After the data DBs were made anew: what was damaged is not there any more.
Status RemoveScrubRecord(FileSystem& fs, const std::string& directory);

}  // namespace flatkv
