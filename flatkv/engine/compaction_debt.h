// How far LevelDB's compactions are behind its writes.
//
// LevelDB begins to compact level 0 at 4 tables and stops every write at 12, until a compaction has
// taken them (kL0_CompactionTrigger, kL0_StopWritesTrigger in db/dbformat.h of LevelDB 1.23); level
// L >= 1 is compacted while it has more than 10^L MiB (MaxBytesForLevel in db/version_set.cc).
#pragma once

#include <cstdint>
#include <string_view>

#include "flatkv/engine/kv_engine.h"

namespace leveldb {
class DB;
}

namespace flatkv {

// Cheap: a look at a counter.
uint64_t Level0Tables(leveldb::DB& db);
CompactionDebt ReadCompactionDebt(leveldb::DB& db);

// From the text of LevelDB's property "leveldb.stats". Lines that are not of a level are passed
// over.
CompactionDebt ParseCompactionDebt(std::string_view stats);

}  // namespace flatkv
