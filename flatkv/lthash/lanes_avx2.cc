// Both suites with AVX2: 8 lanes of 32 bits.
#include <immintrin.h>

#include "flatkv/lthash/blake3_lanes.h"
#include "flatkv/lthash/lane_kernel.h"
#include "flatkv/lthash/sha256_lanes.h"

namespace flatkv::internal {
namespace {

struct Avx2 {
  static constexpr size_t kLanes = 8;
  using Vec = __m256i;
  using Mask = __m256i;

  static Vec Load(const uint32_t* p) { return _mm256_load_si256(reinterpret_cast<const Vec*>(p)); }
  static void Store(uint32_t* p, Vec a) { _mm256_store_si256(reinterpret_cast<Vec*>(p), a); }
  static Vec Set(uint32_t a) { return _mm256_set1_epi32(static_cast<int>(a)); }
  static Vec Iota() { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }

  static Vec Add(Vec a, Vec b) { return _mm256_add_epi32(a, b); }
  static Vec Add16(Vec a, Vec b) { return _mm256_add_epi16(a, b); }
  static Vec Xor(Vec a, Vec b) { return _mm256_xor_si256(a, b); }
  static Vec Xor3(Vec a, Vec b, Vec c) { return Xor(Xor(a, b), c); }
  static Vec Choose(Vec a, Vec b, Vec c) { return Xor(c, _mm256_and_si256(a, Xor(b, c))); }
  static Vec Majority(Vec a, Vec b, Vec c) {
    return _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
  }
  template <int kBits>
  static Vec ShiftRight(Vec a) {
    return _mm256_srli_epi32(a, kBits);
  }
  // Whole bytes move in one shuffle.
  template <int kBits>
  static Vec RotateRight(Vec a) {
    if constexpr (kBits == 16) {
      return Shuffle(a, _mm_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    } else if constexpr (kBits == 8) {
      return Shuffle(a, _mm_setr_epi8(1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12));
    } else {
      return _mm256_or_si256(_mm256_srli_epi32(a, kBits), _mm256_slli_epi32(a, 32 - kBits));
    }
  }
  static Vec SwapBytes(Vec a) {
    return Shuffle(a, _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  }

  // The comparison is signed: for operands below 2^31.
  static Mask Greater(Vec a, Vec b) { return _mm256_cmpgt_epi32(a, b); }
  static Vec Select(Mask mask, Vec a, Vec b) { return _mm256_blendv_epi8(b, a, mask); }

  // words[w] gets the 32-bit word w of each of the 8 blocks of 64 bytes.
  static void LoadTransposed(const uint8_t* const* blocks, Vec (&words)[16]) {
    for (size_t half = 0; half < 2; ++half) {
      Vec quad[2][4];  // quad[q][j]: its 128-bit part k holds the words 4 * k + j of blocks 4 * q
                       // to 4 * q + 3.
      for (size_t q = 0; q < 2; ++q) {
        const Vec a = LoadHalf(blocks[4 * q], half);
        const Vec b = LoadHalf(blocks[4 * q + 1], half);
        const Vec c = LoadHalf(blocks[4 * q + 2], half);
        const Vec d = LoadHalf(blocks[4 * q + 3], half);
        const Vec ab_low = _mm256_unpacklo_epi32(a, b);
        const Vec ab_high = _mm256_unpackhi_epi32(a, b);
        const Vec cd_low = _mm256_unpacklo_epi32(c, d);
        const Vec cd_high = _mm256_unpackhi_epi32(c, d);
        quad[q][0] = _mm256_unpacklo_epi64(ab_low, cd_low);
        quad[q][1] = _mm256_unpackhi_epi64(ab_low, cd_low);
        quad[q][2] = _mm256_unpacklo_epi64(ab_high, cd_high);
        quad[q][3] = _mm256_unpackhi_epi64(ab_high, cd_high);
      }
      for (size_t j = 0; j < 4; ++j) {
        words[8 * half + j] = _mm256_permute2x128_si256(quad[0][j], quad[1][j], 0x20);
        words[8 * half + 4 + j] = _mm256_permute2x128_si256(quad[0][j], quad[1][j], 0x31);
      }
    }
  }

 private:
  static Vec Shuffle(Vec a, __m128i order) {
    return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(order));
  }
  static Vec LoadHalf(const uint8_t* block, size_t half) {
    return _mm256_loadu_si256(reinterpret_cast<const Vec*>(block + 32 * half));
  }
};

}  // namespace

const Blake3LaneKernel& Blake3Avx2() {
  using Lanes = Blake3Lanes<Avx2>;
  static constexpr Blake3LaneKernel kKernel = {{Avx2::kLanes, Lanes::Hash, Lanes::Expand},
                                               Lanes::HashChunks};
  return kKernel;
}

const LaneKernel<Sha256Seeds>& Sha256Avx2() {
  using Lanes = Sha256Lanes<Avx2>;
  static constexpr LaneKernel<Sha256Seeds> kKernel = {Avx2::kLanes, Lanes::Hash, Lanes::Expand};
  return kKernel;
}

}  // namespace flatkv::internal
