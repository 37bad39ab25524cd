#include "flatkv/filter/filter_layer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"

namespace flatkv::filter_internal {
namespace {

uint64_t RoomOf(uint64_t blocks) { return blocks * kBlockBits / kBitsPerKey; }

}  // namespace

uint64_t BlocksFor(uint64_t keys) {
  // Bounded first: the product must not overflow.
  const uint64_t bounded = std::min(keys, RoomOf(kLayerBlocksMax));
  const uint64_t blocks = (bounded * kBitsPerKey + kBlockBits - 1) / kBlockBits;
  return std::clamp(blocks, kLayerBlocksMin, kLayerBlocksMax);
}

uint64_t BlocksAfter(uint64_t blocks) { return std::min(2 * blocks, kLayerBlocksMax); }

FilterLayer::FilterLayer(AnonymousMemory memory, uint64_t blocks)
    : memory_(std::move(memory)),
      pairs_(static_cast<uint64_t*>(memory_.data())),
      blocks_(blocks),
      room_(RoomOf(blocks)) {}

StatusOr<std::unique_ptr<FilterLayer>> FilterLayer::Create(uint64_t blocks) {
  FLATKV_CHECK(blocks >= kLayerBlocksMin && blocks <= kLayerBlocksMax);
  ASSIGN_OR_RETURN(AnonymousMemory memory, AnonymousMemory::Map(blocks * kBlockBytes));
  return std::unique_ptr<FilterLayer>(new FilterLayer(std::move(memory), blocks));
}

void FilterLayer::Add(uint64_t hash, const BlockMask& mask) {
  if (SetAll(PairsOf(hash), mask)) {
    keys_.fetch_add(1, std::memory_order_relaxed);
  }
}

double FilterLayer::ExpectedFalsePositiveRate() const {
  // The number of keys j in a block is nearly Poisson distributed; each has set one of the 32 bits
  // of each of the 8 words.
  const double mean = static_cast<double>(keys()) / static_cast<double>(blocks_);
  const int j_max = static_cast<int>(mean + 12 * std::sqrt(mean)) + 32;
  double probability = std::exp(-mean);
  double bit_clear = 1;
  double rate = 0;
  for (int j = 0; j <= j_max; ++j) {
    rate += probability * std::pow(1 - bit_clear, 8);
    probability *= mean / (j + 1);
    bit_clear *= 31.0 / 32.0;
  }
  return rate;
}

void FilterLayer::ExtendRoom() {
  room_.store(room_.load(std::memory_order_relaxed) + RoomOf(blocks_) / 8,
              std::memory_order_relaxed);
}

void FilterLayer::CopyBytes(uint64_t offset, size_t size, char* out) const {
  FLATKV_CHECK(offset % kBlockBytes == 0 && size % kBlockBytes == 0);
  FLATKV_CHECK(offset <= size_bytes() && size <= size_bytes() - offset);
  uint64_t* const pairs = pairs_ + offset / sizeof(uint64_t);
  for (size_t i = 0; i < size / sizeof(uint64_t); ++i) {
    StoreLe64(out + i * sizeof(uint64_t), LoadPair(pairs[i]));
  }
}

}  // namespace flatkv::filter_internal
