// The rows that a block writes, as the data DBs get them: physical keys and stored values, sorted,
// the last write of a key only. An account's row is made of the written field alone, so it has its
// size but not its content.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "bench/block.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"

namespace flatkv::bench {

struct PartRow {
  DataDb db = DataDb::kMisc;
  std::string_view key;
  std::string_view value;  // empty for a removal
  bool remove = false;
};

// One thread at a time.
class PartRows {
 public:
  // Replaces the rows by those of `block`, sorted by data DB and key. The views are valid until the
  // next call.
  void Fill(Version version, const Block& block);
  const std::vector<PartRow>& rows() const { return rows_; }
  std::span<const PartRow> RowsOf(DataDb db) const;

 private:
  void Add(Version version, std::string_view module, const KvPair& pair);

  std::vector<char> bytes_;
  size_t used_ = 0;
  std::vector<PartRow> rows_;
};

}  // namespace flatkv::bench
