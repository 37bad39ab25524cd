// Reproducible streams of blocks: W(rows, updates a block, shares of new and removed rows, choice
// of existing rows, shape of rows). The same options give the same bytes everywhere.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/block.h"
#include "bench/random.h"
#include "bench/row_chooser.h"
#include "bench/row_shape.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

struct WorkloadOptions {
  uint64_t rows = 1'000'000;  // preloaded
  uint64_t updates_per_block = 10'000;
  double new_share = 0.5;     // of a block's updates: rows that do not exist yet
  double delete_share = 0.0;  // of a block's updates: removals of existing rows
  RowChoice choice;
  Shape shape = Shape::kStorage;
  uint64_t seed = 1;
};

// Errors: kInvalidArgument.
Status ValidateWorkload(const WorkloadOptions& options);

// One thread at a time.
class Workload {
 public:
  // REQUIRES: ValidateWorkload(options) is OK.
  explicit Workload(const WorkloadOptions& options);

  uint64_t preload_blocks() const;
  // Overwrite *block with the next block of the preload, and then of the measured part. A row that
  // was removed still counts as existing: an update brings it back.
  void NextPreload(Block* block);
  void NextBlock(Block* block);

 private:
  struct Pair {
    RowKind kind;
    size_t key_end;
    size_t value_end;
    bool remove;
  };

  void Add(uint64_t row, bool remove, Block* block);
  void Finish(Block* block);

  const WorkloadOptions options_;
  const RowChooser chooser_;
  Random random_;
  uint64_t preloaded_ = 0;
  uint64_t next_new_row_;
  // Of the block at hand.
  std::vector<Pair> pairs_;
  std::vector<uint64_t> row_numbers_;
};

}  // namespace flatkv::bench
