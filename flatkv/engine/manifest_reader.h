// What a MANIFEST says: which tables a DB consists of, and up to which log.
//
// A MANIFEST is a log (leveldb_log.h) of edits. The first holds the whole state at the time the
// file was made; the tables of the DB are those added and not deleted by all edits in turn. An edit
// is a sequence of fields, each a varint tag and its value:
//
//   1 comparator       length-prefixed name
//   2 log number       varint: memtables of lower logs are in the tables
//   3 next file        varint
//   4 last sequence    varint
//   5 compact pointer  level, length-prefixed key
//   6 deleted table    level, number
//   7 new table        level, number, size, length-prefixed smallest and largest key
//   9 previous log     varint, zero since LevelDB 1.2
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"

namespace flatkv {

struct ManifestTable {
  uint64_t number = 0;
  int level = 0;
  uint64_t size_bytes = 0;

  friend bool operator==(const ManifestTable&, const ManifestTable&) = default;
};

struct ManifestState {
  std::string comparator;
  uint64_t log_number = 0;
  uint64_t next_file_number = 0;
  uint64_t last_sequence = 0;
  // Live tables by number.
  std::vector<ManifestTable> tables;
};

// Reads a whole MANIFEST; a torn tail (manifest_tail.h) has been cut off. Strict, because a
// checkpoint is made of what this returns: kDataLoss for anything that LevelDB would not write (a
// damaged or cut record, an unknown tag, a deleted table that was not there, a missing field).
StatusOr<ManifestState> ReadManifest(std::string_view manifest);

}  // namespace flatkv
