// Both suites with AVX-512: 16 lanes of 32 bits.
#include <immintrin.h>

#include "flatkv/lthash/blake3_lanes.h"
#include "flatkv/lthash/lane_kernel.h"
#include "flatkv/lthash/sha256_lanes.h"

namespace flatkv::internal {
namespace {

struct Avx512 {
  static constexpr size_t kLanes = 16;
  using Vec = __m512i;
  using Mask = __mmask16;

  static Vec Load(const uint32_t* p) { return _mm512_load_si512(p); }
  static void Store(uint32_t* p, Vec a) { _mm512_store_si512(p, a); }
  static Vec Set(uint32_t a) { return _mm512_set1_epi32(static_cast<int>(a)); }
  static Vec Iota() {
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }

  static Vec Add(Vec a, Vec b) { return _mm512_add_epi32(a, b); }
  static Vec Add16(Vec a, Vec b) { return _mm512_add_epi16(a, b); }
  static Vec Xor(Vec a, Vec b) { return _mm512_xor_si512(a, b); }
  template <int kBits>
  static Vec RotateRight(Vec a) {
    return _mm512_ror_epi32(a, kBits);
  }
  template <int kBits>
  static Vec ShiftRight(Vec a) {
    return _mm512_srli_epi32(a, kBits);
  }
  // The last operand of vpternlog is the truth table.
  static Vec Xor3(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }
  static Vec Choose(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0xca); }
  static Vec Majority(Vec a, Vec b, Vec c) { return _mm512_ternarylogic_epi32(a, b, c, 0xe8); }
  static Vec SwapBytes(Vec a) {
    const __m128i order = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    return _mm512_shuffle_epi8(a, _mm512_broadcast_i32x4(order));
  }

  static Mask Greater(Vec a, Vec b) { return _mm512_cmpgt_epu32_mask(a, b); }
  static Vec Select(Mask mask, Vec a, Vec b) { return _mm512_mask_mov_epi32(b, mask, a); }

  // words[w] gets the 32-bit word w of each of the 16 blocks of 64 bytes.
  static void LoadTransposed(const uint8_t* const* blocks, Vec (&words)[16]) {
    Vec quad[4][4];  // quad[q][j]: its 128-bit part k holds the words 4 * k + j of blocks 4 * q to
                     // 4 * q + 3.
    for (size_t q = 0; q < 4; ++q) {
      const Vec a = _mm512_loadu_si512(blocks[4 * q]);
      const Vec b = _mm512_loadu_si512(blocks[4 * q + 1]);
      const Vec c = _mm512_loadu_si512(blocks[4 * q + 2]);
      const Vec d = _mm512_loadu_si512(blocks[4 * q + 3]);
      const Vec ab_low = _mm512_unpacklo_epi32(a, b);
      const Vec ab_high = _mm512_unpackhi_epi32(a, b);
      const Vec cd_low = _mm512_unpacklo_epi32(c, d);
      const Vec cd_high = _mm512_unpackhi_epi32(c, d);
      quad[q][0] = _mm512_unpacklo_epi64(ab_low, cd_low);
      quad[q][1] = _mm512_unpackhi_epi64(ab_low, cd_low);
      quad[q][2] = _mm512_unpacklo_epi64(ab_high, cd_high);
      quad[q][3] = _mm512_unpackhi_epi64(ab_high, cd_high);
    }
    for (size_t j = 0; j < 4; ++j) {
      const Vec low01 = _mm512_shuffle_i32x4(quad[0][j], quad[1][j], 0x44);
      const Vec high01 = _mm512_shuffle_i32x4(quad[0][j], quad[1][j], 0xee);
      const Vec low23 = _mm512_shuffle_i32x4(quad[2][j], quad[3][j], 0x44);
      const Vec high23 = _mm512_shuffle_i32x4(quad[2][j], quad[3][j], 0xee);
      words[j] = _mm512_shuffle_i32x4(low01, low23, 0x88);
      words[4 + j] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
      words[8 + j] = _mm512_shuffle_i32x4(high01, high23, 0x88);
      words[12 + j] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
    }
  }
};

}  // namespace

const Blake3LaneKernel& Blake3Avx512() {
  using Lanes = Blake3Lanes<Avx512>;
  static constexpr Blake3LaneKernel kKernel = {{Avx512::kLanes, Lanes::Hash, Lanes::Expand},
                                               Lanes::HashChunks};
  return kKernel;
}

const LaneKernel<Sha256Seeds>& Sha256Avx512() {
  using Lanes = Sha256Lanes<Avx512>;
  static constexpr LaneKernel<Sha256Seeds> kKernel = {Avx512::kLanes, Lanes::Hash, Lanes::Expand};
  return kKernel;
}

}  // namespace flatkv::internal
