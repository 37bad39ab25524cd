// What the changelog's tests share: deterministic records, a log in a MemFileSystem, and reading it
// back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal.h"
#include "tests/support/mem_file_system.h"

namespace flatkv::test {

inline constexpr char kLogDir[] = "/log";

// Keeps "event: text" lines.
class ListLogger : public Logger {
 public:
  void Log(LogLevel level, std::string_view event, std::string_view text) override;
  std::vector<std::string> lines() const;
  // Whether a line of `event` contains `text`.
  bool Saw(std::string_view event, std::string_view text) const;

 private:
  mutable Mutex mu_;
  std::vector<std::string> lines_ GUARDED_BY(mu_);
};

// Bytes that follow from the seed alone; lengths differ from version to version, 0 included.
std::string PayloadOf(Version version, uint64_t seed = 0);
Digest RootOf(Version version, uint64_t seed = 0);

StatusOr<std::unique_ptr<Wal>> OpenWal(FileSystem& fs, const WalOptions& options = {});
// Segments of about four records.
WalOptions SmallSegments();

// Append without Sync or Acknowledge.
Status AppendOnly(Wal& wal, Version version, uint64_t seed = 0);
// Append, Sync, Acknowledge for `first` .. `last`.
Status Commit(Wal& wal, Version first, Version last, uint64_t seed = 0);
// A closed log of acknowledged versions 1 .. `last`.
Status MakeLog(FileSystem& fs, Version last, const WalOptions& options = SmallSegments());

// Version to payload: what the log holds, read through NewReader and checked against Find. An empty
// log gives {}.
StatusOr<std::map<Version, std::string>> ReadAll(Wal& wal);
// What ReadAll gives for versions `first` .. `last`.
std::map<Version, std::string> Records(Version first, Version last, uint64_t seed = 0);

// The segment files, oldest first.
std::vector<std::string> SegmentFiles(FileSystem& fs);
StatusOr<std::string> FileBytes(FileSystem& fs, const std::string& path);

}  // namespace flatkv::test
