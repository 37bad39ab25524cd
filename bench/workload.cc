#include "bench/workload.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "flatkv/base/endian.h"

namespace flatkv::bench {
namespace {

constexpr size_t kKeyBytes = 1 + 20 + 32;
constexpr size_t kValueBytes = 32;

// SplitMix64 (Steele, Lea, Flood 2014): a bijection, so different rows have different keys.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

Workload::Workload(const WorkloadOptions& options)
    : options_(options), random_(options.seed), next_new_row_(options.rows) {
  if (options_.distribution == Distribution::kZipf) {
    // Gray et al., "Quickly generating billion-record synthetic databases", SIGMOD 1994.
    const double n = static_cast<double>(options_.rows);
    const double theta = options_.zipf_exponent;
    for (uint64_t i = 1; i <= options_.rows; ++i) {
      zipf_zeta_ += 1.0 / std::pow(static_cast<double>(i), theta);
    }
    zipf_alpha_ = 1.0 / (1.0 - theta);
    zipf_eta_ = (1 - std::pow(2.0 / n, 1 - theta)) / (1 - (1 + std::pow(0.5, theta)) / zipf_zeta_);
  }
}

uint64_t Workload::preload_blocks() const {
  return (options_.rows + kPreloadBlockRows - 1) / kPreloadBlockRows;
}

void Workload::Begin() {
  bytes_.clear();
  // Views into bytes_ must not move: the largest block fits.
  bytes_.reserve(std::max(kPreloadBlockRows, options_.updates_per_block) *
                 (kKeyBytes + kValueBytes));
  changes_.assign(1, NamedChangeSet{"evm", {}});
}

void Workload::Add(uint64_t row, bool remove) {
  char* const key = bytes_.data() + bytes_.size();
  bytes_.resize(bytes_.size() + kKeyBytes + kValueBytes);
  key[0] = 0x03;
  std::memset(key + 1, 0x5a, kKeyBytes - 1);
  StoreBe64(key + 1, Mix(row));
  StoreBe64(key + 21, Mix(row ^ options_.seed));
  char* const value = key + kKeyBytes;
  for (size_t i = 0; i < kValueBytes; i += 8) {
    StoreLe64(value + i, random_() | 1);  // never all zero: that would be a removal
  }
  changes_.front().pairs.push_back({{key, kKeyBytes}, {value, kValueBytes}, remove});
}

uint64_t Workload::PickExisting() {
  if (options_.distribution == Distribution::kUniform) {
    return random_() % next_new_row_;
  }
  const double u = std::uniform_real_distribution<double>(0, 1)(random_);
  const double uz = u * zipf_zeta_;
  if (uz < 1) {
    return 0;
  }
  if (uz < 1 + std::pow(0.5, options_.zipf_exponent)) {
    return 1;
  }
  return static_cast<uint64_t>(static_cast<double>(options_.rows) *
                               std::pow(zipf_eta_ * u - zipf_eta_ + 1, zipf_alpha_)) %
         options_.rows;
}

const ChangeSets& Workload::NextPreload() {
  Begin();
  const uint64_t end = std::min(options_.rows, preloaded_ + kPreloadBlockRows);
  for (; preloaded_ < end; ++preloaded_) {
    Add(preloaded_, false);
  }
  return changes_;
}

const ChangeSets& Workload::NextBlock() {
  Begin();
  const double updates = static_cast<double>(options_.updates_per_block);
  const auto new_rows = static_cast<uint64_t>(updates * options_.new_share);
  const auto removals = static_cast<uint64_t>(updates * options_.delete_share);
  for (uint64_t i = 0; i < options_.updates_per_block; ++i) {
    if (i < new_rows) {
      Add(next_new_row_++, false);
    } else {
      Add(PickExisting(), i < new_rows + removals);
    }
  }
  return changes_;
}

}  // namespace flatkv::bench
