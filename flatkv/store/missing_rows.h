// Rows that only a data DB has, read by many threads at once: one that waits for the device needs
// no core, so there may be more of them than cores.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/stored_rows.h"

namespace flatkv {

struct MissingRow {
  MissingRow(DataDb its_db, std::string_view its_key) : db(its_db), key(its_key) {}

  DataDb db;
  std::string_view key;
  // What MissingRowReader sets.
  Status status;
  bool found = false;
  std::string row;  // if found
};

// Thread safety: Read from any thread.
class MissingRowReader {
 public:
  // `fs`, which the rows are read from, outlives the object. REQUIRES: threads >= 1.
  MissingRowReader(FileSystem& fs, size_t threads) : fs_(fs), threads_("fkv-read", threads) {}

  // Reads each of `rows`, neighbours on one thread: in the order of the keys they may share a
  // block. Returns when all are read; each has its own status. All threads read while the device
  // has to answer. While the page cache answers, threads beyond the cores would only take them from
  // flushes and compactions, whose debt comes due as a stall: then `compute` reads, if it is
  // smaller.
  void Read(StoredRows& stored, ThreadPool& compute, std::span<MissingRow* const> rows);

 private:
  FileSystem& fs_;
  ThreadPool threads_;
  // At the last rows that were missing.
  std::atomic<bool> device_answers_{true};
};

}  // namespace flatkv
