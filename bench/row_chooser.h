// Which existing rows a block updates.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/random.h"
#include "bench/zipf.h"

namespace flatkv::bench {

enum class Distribution { kUniform, kZipf };

struct RowChoice {
  Distribution distribution = Distribution::kUniform;
  double zipf_exponent = 0.99;
  // This share of the choices goes, uniformly, to rows 0 .. hot_rows - 1; the rest follows
  // `distribution`.
  double hot_share = 0;
  uint64_t hot_rows = 0;
};

// Const after construction.
class RowChooser {
 public:
  // REQUIRES: rows > 0; hot_rows <= rows; 0 < zipf_exponent < 1.
  RowChooser(const RowChoice& choice, uint64_t rows);

  // A row number. Uniform choices are over the `existing` rows of now, which are at least `rows`;
  // zipf's ranks are the first `rows`.
  uint64_t Choose(uint64_t existing, Random* random) const;

 private:
  const RowChoice choice_;
  std::optional<Zipf> zipf_;
};

}  // namespace flatkv::bench
