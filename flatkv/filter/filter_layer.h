// One layer of a KeyFilter: a split-block Bloom filter of fixed size.
//
// Thread safety: all methods from any threads at the same time, except where they say otherwise. A
// lookup that happens after an Add returned (in the sense of the C++ memory model) finds the key;
// all accesses are relaxed atomics, since bits are only ever set and nothing else hangs on their
// order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "flatkv/base/anonymous_memory.h"
#include "flatkv/base/status.h"
#include "flatkv/filter/filter_block.h"

namespace flatkv::filter_internal {

// A layer is at least a page. At most 2^28 blocks, 8 GiB: of the 32 bits that choose the block
// enough are then left to choose evenly.
inline constexpr uint64_t kLayerBlocksMin = 128;
inline constexpr uint64_t kLayerBlocksMax = uint64_t{1} << 28;

// Blocks of a layer with room for `keys`, within the bounds.
uint64_t BlocksFor(uint64_t keys);
// Blocks of the layer after one of `blocks`: twice as many, within the bounds.
uint64_t BlocksAfter(uint64_t blocks);

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the padding around keys_ is wanted.
class FilterLayer {
 public:
  // An empty layer. REQUIRES: blocks is within the bounds. Errors: kResourceExhausted.
  static StatusOr<std::unique_ptr<FilterLayer>> Create(uint64_t blocks);

  // Sets the key's bits and counts it, unless all were set.
  void Add(uint64_t hash, const BlockMask& mask);
  bool MayContain(uint64_t hash, const BlockMask& mask) const {
    return HasAll(PairsOf(hash), mask);
  }
  void Prefetch(uint64_t hash) const { __builtin_prefetch(PairsOf(hash)); }

  uint64_t blocks() const { return blocks_; }
  uint64_t size_bytes() const { return blocks_ * kBlockBytes; }
  // Keys that set a bit. Each bit is set once, so never more than there are bits.
  uint64_t keys() const { return keys_.load(std::memory_order_relaxed); }
  bool IsFull() const { return keys() >= room_.load(std::memory_order_relaxed); }
  // The share of absent keys that all bits are set for, were the hash ideal.
  double ExpectedFalsePositiveRate() const;

  // Lets a full layer take an eighth of its size more: for when a new layer cannot be had. One
  // thread at a time.
  void ExtendRoom();

  // Copies blocks as the file has them, 8 words little-endian each, beside Add: the copy has at
  // least the bits that were set before. REQUIRES: the range is within size_bytes() and both ends
  // are multiples of kBlockBytes.
  void CopyBytes(uint64_t offset, size_t size, char* out) const;
  // The blocks to be filled with what CopyBytes gave, then their key count. REQUIRES: no other
  // thread knows the layer yet.
  char* BytesToFill() { return static_cast<char*>(memory_.data()); }
  void SetKeys(uint64_t keys) { keys_.store(keys, std::memory_order_relaxed); }

 private:
  FilterLayer(AnonymousMemory memory, uint64_t blocks);
  uint64_t* PairsOf(uint64_t hash) const { return pairs_ + kBlockPairs * BlockOf(hash, blocks_); }

  // Constant after construction.
  AnonymousMemory memory_;
  uint64_t* const pairs_;
  const uint64_t blocks_;

  std::atomic<uint64_t> room_;
  // On a cache line of its own: adding threads write it, looking-up threads read what is above.
  alignas(64) std::atomic<uint64_t> keys_ = 0;
};

}  // namespace flatkv::filter_internal
