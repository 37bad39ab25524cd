// The steps of a manual compaction: LevelDB compacts a range of keys in one call that cannot be
// stopped, so a large DB is taken in ranges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace leveldb {
class DB;
}

namespace flatkv {

// Ascending keys that cut the DB into ranges of about `step_bytes` of its tables; none for a small
// DB. They need not be keys of rows. What is in memtables does not count.
std::vector<std::string> CompactionBounds(leveldb::DB& db, uint64_t step_bytes);

}  // namespace flatkv
