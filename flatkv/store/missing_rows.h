// Rows that only a data DB has, many read at once: what waits for the device needs no core. Through
// the page cache a thread reads a row at a time, so there are more of them than cores; past it
// (direct_reads.h) the computing threads read many each.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/direct_reads.h"
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
  // Of `options` the threads and direct_reads. `fs`, which the rows are read from, and `logger`
  // outlive the object.
  MissingRowReader(FileSystem& fs, Logger& logger, const StoreOptions& options)
      : fs_(fs),
        threads_("fkv-read", options.read_threads),
        direct_(fs, logger, options.direct_reads, options.threads) {}

  // Reads each of `rows`, neighbours on one thread or at one time: in the order of the keys they
  // may share a block. Returns when all are read; each has its own status. Through the page cache
  // all threads read while the device has to answer. While the page cache answers, threads beyond
  // the cores would only take them from flushes and compactions, whose debt comes due as a stall:
  // then `compute` reads, if it is smaller.
  void Read(StoredRows& stored, ThreadPool& compute, std::span<MissingRow* const> rows);

  bool reads_directly() const { return direct_.in_use(); }

 private:
  void ReadThroughPageCache(StoredRows& stored, ThreadPool& compute,
                            std::span<MissingRow* const> rows);

  FileSystem& fs_;
  ThreadPool threads_;
  DirectReads direct_;
  // At the last rows that were missing.
  std::atomic<bool> device_answers_{true};
};

}  // namespace flatkv
