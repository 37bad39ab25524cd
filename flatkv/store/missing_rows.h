// Rows that only a data DB has, read by many threads at once: one that waits for the disk needs no
// core, so there may be more of them than cores.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/store/stored_rows.h"

namespace flatkv {

struct MissingRow {
  MissingRow(DataDb its_db, std::string_view its_key) : db(its_db), key(its_key) {}

  DataDb db;
  std::string_view key;
  // What ReadMissing sets.
  Status status;
  bool found = false;
  std::string row;  // if found
};

// Reads each of `rows`, neighbours on one thread: in the order of the keys they may share a block.
// Returns when all are read; each has its own status.
void ReadMissing(StoredRows& stored, ThreadPool& threads, std::span<MissingRow* const> rows);

}  // namespace flatkv
