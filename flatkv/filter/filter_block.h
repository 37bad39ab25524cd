// One block of a split-block Bloom filter: 256 bits in one half of a cache line, 8 words of 32
// bits, of which a key sets one bit each.
//
// The blocking is that of Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom
// Filters" (2007); the form with 8 words and these salts is that of the Apache Parquet format
// (parquet-format, BloomFilter.md) and of Impala: the upper half of a key's 64-bit hash chooses the
// block, the lower half the bits.
//
// Thread safety: a block is read and changed by relaxed atomics of 64 bits, two words at a time,
// which cost nothing over plain ones. SSE4.1, which every CPU has that we support, then makes a
// probe as fast as AVX2 would.
#pragma once

#include <smmintrin.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace flatkv::filter_internal {

inline constexpr size_t kBlockBytes = 32;
inline constexpr size_t kBlockBits = 8 * kBlockBytes;
inline constexpr size_t kBlockPairs = 4;  // of words, the one with the lower index first
inline constexpr size_t kBitsPerKey = 12;

alignas(16) inline constexpr std::array<uint32_t, 2 * kBlockPairs> kSalts = {
    0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

// The bits of a key: words 0 to 3 and words 4 to 7.
struct BlockMask {
  __m128i low;
  __m128i high;
};

// The block of a key among `blocks` (at most 2^32).
inline uint64_t BlockOf(uint64_t hash, uint64_t blocks) { return ((hash >> 32) * blocks) >> 32; }

// Four words with the bit ((key * salt) >> 27) set.
inline __m128i BitsOf(__m128i key, const uint32_t* salts) {
  const __m128i products =
      _mm_mullo_epi32(key, _mm_load_si128(reinterpret_cast<const __m128i*>(salts)));
  const __m128i bits = _mm_srli_epi32(products, 27);
  // SSE has no shift by a count of each word's own. 2^n is the float with the exponent n + 127, and
  // 2^31, too large for a signed word, is converted to 0x80000000: the right bit.
  const __m128i powers = _mm_slli_epi32(_mm_add_epi32(bits, _mm_set1_epi32(127)), 23);
  return _mm_cvttps_epi32(_mm_castsi128_ps(powers));
}

inline BlockMask MaskOf(uint64_t hash) {
  const __m128i key = _mm_set1_epi32(static_cast<int>(hash));
  return {BitsOf(key, kSalts.data()), BitsOf(key, kSalts.data() + 4)};
}

inline uint64_t LoadPair(uint64_t& pair) {
  return std::atomic_ref<uint64_t>(pair).load(std::memory_order_relaxed);
}

// Whether the block that starts at `pairs` has all bits of `mask`.
inline bool HasAll(uint64_t* pairs, const BlockMask& mask) {
  const auto load = [pairs](size_t i) { return static_cast<int64_t>(LoadPair(pairs[i])); };
  const __m128i low = _mm_set_epi64x(load(1), load(0));
  const __m128i high = _mm_set_epi64x(load(3), load(2));
  const __m128i missing =
      _mm_or_si128(_mm_andnot_si128(low, mask.low), _mm_andnot_si128(high, mask.high));
  return _mm_testz_si128(missing, missing) != 0;
}

// Sets the bits of `mask`; whether this call changed one of them. Of several threads exactly one
// changes a bit.
inline bool SetAll(uint64_t* pairs, const BlockMask& mask) {
  alignas(16) std::array<uint64_t, kBlockPairs> bits;
  _mm_store_si128(reinterpret_cast<__m128i*>(bits.data()), mask.low);
  _mm_store_si128(reinterpret_cast<__m128i*>(bits.data() + 2), mask.high);
  bool changed = false;
  for (size_t i = 0; i < kBlockPairs; ++i) {
    const uint64_t before =
        std::atomic_ref<uint64_t>(pairs[i]).fetch_or(bits[i], std::memory_order_relaxed);
    changed |= (bits[i] & ~before) != 0;
  }
  return changed;
}

}  // namespace flatkv::filter_internal
