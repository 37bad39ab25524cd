// Which bucket of the row cache a fingerprint belongs to while the number of buckets in use grows
// one by one, so that a cache with few rows uses little memory: linear hashing (W. Litwin, "Linear
// hashing: a new tool for file and table addressing", VLDB 1980) over any number of buckets.
//
// There are `base` buckets at first and base * 2^levels in the end. Bucket n comes into use by
// taking about half of what belonged to one bucket below, its parent; nothing else moves.
//
// Thread safety: safe for concurrent use; one thread at a time may Grow.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include "flatkv/cache/row_fingerprint.h"

namespace flatkv::internal {

class BucketMap {
 public:
  // How far the map has grown.
  struct State {
    uint64_t used = 0;
    uint32_t level = 0;  // how often all buckets have doubled, the doubling under way included
  };

  // From `base_min` to less than twice as many at first; `buckets_max` in the end, rounded down by
  // less than one in `base_min`. REQUIRES: base_min >= 1.
  BucketMap(uint64_t buckets_max, uint64_t base_min)
      : levels_(static_cast<uint32_t>(
            std::bit_width(std::max<uint64_t>(buckets_max / base_min, 1)) - 1)),
        base_(buckets_max >> levels_),
        state_(Pack({base_, 0})) {}

  uint64_t size() const { return base_ << levels_; }
  State state() const { return Unpack(state_.load(std::memory_order_acquire)); }
  bool full() const { return state().used == size(); }

  // REQUIRES: size() != 0.
  uint64_t IndexOf(const RowFingerprint& fingerprint, State state) const {
    // The high half of the product: even over any count, without a division.
    const auto start = static_cast<uint64_t>(Uint128{fingerprint.low} * base_ >> 64);
    // The lowest byte is the tag, which is to tell the rows of a bucket apart.
    const uint64_t turn = (fingerprint.high >> 8) & ((uint64_t{1} << state.level) - 1);
    const uint64_t index = start + base_ * turn;
    return index < state.used ? index : index - (base_ << (state.level - 1));
  }

  // The next bucket to come into use, and the one that it takes from.
  struct Step {
    uint64_t bucket = 0;
    uint64_t parent = 0;
    State after;
  };
  // REQUIRES: !full().
  Step NextStep() const {
    const State now = state();
    const uint32_t level = now.level + (now.used == base_ << now.level ? 1 : 0);
    return {now.used, now.used - (base_ << (level - 1)), {now.used + 1, level}};
  }
  void Grow(const Step& step) { state_.store(Pack(step.after), std::memory_order_release); }

 private:
  __extension__ using Uint128 = unsigned __int128;

  static uint64_t Pack(State state) { return state.used << 8 | state.level; }
  static State Unpack(uint64_t word) { return {word >> 8, static_cast<uint32_t>(word & 0xff)}; }

  // Constant after construction.
  const uint32_t levels_;
  const uint64_t base_;

  std::atomic<uint64_t> state_;
};

}  // namespace flatkv::internal
