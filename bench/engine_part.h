// LevelDB alone: the sorted reads and writes of the rows that a store would read and write, through
// the same engine with the same options, block by block.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/commit_bench.h"
#include "bench/hash_part.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_options.h"

namespace flatkv::bench {

struct EnginePart {
  double prepare_ms = 0;  // a block: physical keys and stored values, sorted; not LevelDB's
  // A block's old rows. Each was measured on every second block, because a second reader would find
  // in the cache what the first one has read.
  double read_ms_one_thread = 0;
  double read_ms_all_threads = 0;
  double read_us_per_row_one_thread = 0;
  double found_share = 0;
  double write_ms = 0;
  double write_us_per_row = 0;
  double cpu_us_per_update = 0;  // reads, writes, flushes and compactions; preparing excepted
  double bytes_written_per_update = 0;
};

// Preloads, warms up and runs the blocks of `work` on data DBs in `directory`, an absent one. Adds
// what a store would hash for the first `hash_blocks_max` blocks to *hash_blocks.
StatusOr<EnginePart> MeasureEngine(const WorkOptions& work, const StoreOptions& options,
                                   const std::string& directory, size_t hash_blocks_max,
                                   std::vector<HashBlock>* hash_blocks);

nlohmann::json ToJson(const EnginePart& part);

}  // namespace flatkv::bench
