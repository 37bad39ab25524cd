// What went wrong below LevelDB. LevelDB reduces errors to text and ignores some of them (a failed
// listing or removal); this keeps them as they were.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <leveldb/status.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"

namespace flatkv {

class IoMonitor {
 public:
  // Notes a failed call that writes, names, removes or lists; the first one is kept. Returns
  // `status`.
  Status NoteWrite(Status status) EXCLUDES(mu_);
  // Notes a failed read; the latest one is kept. Returns `status`.
  Status NoteRead(Status status) EXCLUDES(mu_);
  void AddBytesWritten(uint64_t bytes) { bytes_written_ += bytes; }

  // The first failed write; OK if none failed.
  Status WriteFailure() EXCLUDES(mu_);
  uint64_t BytesWritten() const { return bytes_written_; }

  // `status` as ours, with the code and reason of the noted failure that caused it, if one did.
  Status Explain(const leveldb::Status& status, const std::string& path) EXCLUDES(mu_);

 private:
  std::atomic<bool> write_failed_ = false;
  std::atomic<uint64_t> bytes_written_ = 0;
  Mutex mu_;
  Status write_failure_ GUARDED_BY(mu_);
  Status read_failure_ GUARDED_BY(mu_);
};

}  // namespace flatkv
