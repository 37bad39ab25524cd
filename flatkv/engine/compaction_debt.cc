#include "flatkv/engine/compaction_debt.h"

#include <leveldb/db.h>

#include <charconv>
#include <sstream>
#include <string>

namespace flatkv {
namespace {

constexpr uint64_t kCompactedLevel0Tables = 4;
constexpr uint64_t kMiB = uint64_t{1} << 20;

// MiB that a level may have. REQUIRES: level >= 1.
uint64_t LimitMiB(int level) {
  uint64_t limit = 10;
  for (int i = 1; i < level; ++i) {
    limit *= 10;
  }
  return limit;
}

}  // namespace

uint64_t Level0Tables(leveldb::DB& db) {
  std::string text;
  uint64_t tables = 0;
  if (db.GetProperty("leveldb.num-files-at-level0", &text)) {
    std::from_chars(text.data(), text.data() + text.size(), tables);
  }
  return tables;
}

CompactionDebt ReadCompactionDebt(leveldb::DB& db) {
  std::string stats;
  return db.GetProperty("leveldb.stats", &stats) ? ParseCompactionDebt(stats) : CompactionDebt();
}

CompactionDebt ParseCompactionDebt(std::string_view stats) {
  CompactionDebt debt;
  std::istringstream lines{std::string(stats)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    int level = 0;
    uint64_t tables = 0;
    uint64_t mib = 0;
    if (!(fields >> level >> tables >> mib) || level < 0) {
      continue;
    }
    debt.table_bytes += mib * kMiB;
    if (level == 0) {
      debt.level0_tables = tables;
      debt.bytes += tables >= kCompactedLevel0Tables ? mib * kMiB : 0;
    } else if (const uint64_t limit = LimitMiB(level); mib > limit) {
      debt.bytes += (mib - limit) * kMiB;
    }
  }
  return debt;
}

}  // namespace flatkv
