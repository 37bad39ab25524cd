// Reproducible streams of blocks: W(rows, updates a block, share of new rows, distribution).
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"

namespace flatkv::bench {

enum class Distribution { kUniform, kZipf };

struct WorkloadOptions {
  uint64_t rows = 1'000'000;  // preloaded
  uint64_t updates_per_block = 10'000;
  double new_share = 0.5;     // of a block's updates: rows that do not exist yet
  double delete_share = 0.0;  // of a block's updates: removals of existing rows
  Distribution distribution = Distribution::kUniform;
  double zipf_exponent = 0.99;
  uint64_t seed = 1;
};

// Storage rows with 57-byte physical keys: "evm/" 0x03 address slot, both from a hash of the row's
// number, so that rows of neighbouring numbers lie far apart.
class Workload {
 public:
  explicit Workload(const WorkloadOptions& options);

  uint64_t preload_blocks() const;
  // The next block of the preload, then of the measured part. The views are valid until the next
  // call.
  const ChangeSets& NextPreload();
  const ChangeSets& NextBlock();

 private:
  void Begin();
  void Add(uint64_t row, bool remove);
  uint64_t PickExisting();

  static constexpr uint64_t kPreloadBlockRows = 50'000;

  const WorkloadOptions options_;
  std::mt19937_64 random_;
  uint64_t preloaded_ = 0;
  uint64_t next_new_row_;
  double zipf_zeta_ = 0;
  double zipf_alpha_ = 0;
  double zipf_eta_ = 0;
  std::string bytes_;
  ChangeSets changes_;
};

}  // namespace flatkv::bench
