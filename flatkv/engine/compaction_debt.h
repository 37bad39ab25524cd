// How far LevelDB's compactions are behind its writes.
//
// LevelDB begins to compact level 0 at 4 tables and stops every write at 12, until a compaction has
// taken them (kL0_CompactionTrigger, kL0_StopWritesTrigger in db/dbformat.h of LevelDB 1.23); level
// L >= 1 is compacted while it has more than 10^L MiB (MaxBytesForLevel in db/version_set.cc).
#pragma once

#include <cstdint>
#include <string_view>

namespace leveldb {
class DB;
}

namespace flatkv {

struct CompactionDebt {
  uint64_t level0_tables = 0;
  uint64_t table_bytes = 0;  // of all levels, in whole MiB
  // What is to move to the next level for no level to be above its limit, in whole MiB. What its
  // way further down will take is not in it.
  uint64_t bytes = 0;
};

// Cheap: a look at a counter.
uint64_t Level0Tables(leveldb::DB& db);
CompactionDebt ReadCompactionDebt(leveldb::DB& db);

// From the text of LevelDB's property "leveldb.stats". Lines that are not of a level are passed
// over.
CompactionDebt ParseCompactionDebt(std::string_view stats);

}  // namespace flatkv
