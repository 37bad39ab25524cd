// The sha256 suite with the SHA extensions, for CPUs without AVX-512. MGF1 blocks run kStreams at a
// time, since one stream waits for the latency of sha256rnds2 most of the time.
//
// Compiled without AVX: these instructions have only the legacy SSE encoding, and on CPUs that see
// dirty upper halves of the wide registers each costs a hundred times as much. Code that uses AVX
// clears them before it calls or returns.
#include <immintrin.h>

#include "flatkv/lthash/lane_kernel.h"
#include "flatkv/lthash/sha256_constants.h"

namespace flatkv::internal {
namespace {

constexpr size_t kStreams = 2;
static_assert(kMgf1Blocks % kStreams == 0);

// The instructions' order of the state: from the highest word down, A B E F and C D G H.
struct State {
  __m128i abef;
  __m128i cdgh;
};

__m128i Load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

// The round constants of rounds 4 * quad to 4 * quad + 3.
__m128i K(size_t quad) { return _mm_load_si128(reinterpret_cast<const __m128i*>(kSha256K) + quad); }

State InitialState() {
  const __m128i dcba = Load(kSha256Iv);
  const __m128i hgfe = Load(kSha256Iv + 4);
  const __m128i abcd = _mm_shuffle_epi32(dcba, 0x1b);
  const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  return {_mm_unpackhi_epi64(efgh, abcd), _mm_unpacklo_epi64(efgh, abcd)};
}

// Four rounds; words is w + K.
[[gnu::always_inline]] inline void Rounds4(State* s, __m128i words) {
  s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, words);
  s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(words, 0x0e));
}

// Schedule words 16 to 19 from words 0 to 15, four in each argument.
[[gnu::always_inline]] inline __m128i Schedule(__m128i w0, __m128i w4, __m128i w8, __m128i w12) {
  const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), _mm_alignr_epi8(w12, w8, 4));
  return _mm_sha256msg2_epu32(sum, w12);
}

void Compress(State* state, const uint8_t* block) {
  const __m128i swap = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
  __m128i w[4];
  for (size_t i = 0; i < 4; ++i) w[i] = _mm_shuffle_epi8(Load(block + 16 * i), swap);
  State s = *state;
  for (size_t quad = 0; quad < 4; ++quad) Rounds4(&s, _mm_add_epi32(w[quad], K(quad)));
  for (size_t quad = 4; quad < 16; quad += 4) {
    for (size_t i = 0; i < 4; ++i) {
      w[i] = Schedule(w[i], w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
      Rounds4(&s, _mm_add_epi32(w[i], K(quad + i)));
    }
  }
  state->abef = _mm_add_epi32(state->abef, s.abef);
  state->cdgh = _mm_add_epi32(state->cdgh, s.cdgh);
}

void Hash(const PackedRows& rows, Sha256Seeds* seeds) {
  for (size_t row = 0; row < rows.count; ++row) {
    State state = InitialState();
    for (size_t i = 0; i < rows.blocks[row]; ++i) {
      Compress(&state, rows.inputs[row] + kBlockBytes * i);
    }
    alignas(16) uint32_t feba[4];
    alignas(16) uint32_t hgdc[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(feba), state.abef);
    _mm_store_si128(reinterpret_cast<__m128i*>(hgdc), state.cdgh);
    const uint32_t words[8] = {feba[3], feba[2], hgdc[3], hgdc[2],
                               feba[1], feba[0], hgdc[1], hgdc[0]};
    for (size_t i = 0; i < 8; ++i) seeds->words[i][row] = words[i];
  }
}

// What the MGF1 blocks of a row have in common; see sha256_lanes.h.
struct Started {
  State initial;
  State after_round_8;   // Rounds 0 to 7 take only words of the seed.
  __m128i w4, w12, w16;  // Words 4 to 7, 12 to 15 and 16 to 19: the counter is word 8.
};

Started Start(const Sha256Seeds& seeds, size_t row) {
  alignas(16) uint32_t seed[8];
  for (size_t i = 0; i < 8; ++i) seed[i] = seeds.words[i][row];
  Started started;
  started.initial = InitialState();
  const __m128i w0 = Load(seed);
  started.w4 = Load(seed + 4);
  // The counter's place takes no part in words 16 to 19.
  const __m128i w8 = _mm_setr_epi32(0, static_cast<int>(kMgf1Word9), 0, 0);
  started.w12 = _mm_setr_epi32(0, 0, 0, kMgf1Word15);
  started.w16 = Schedule(w0, started.w4, w8, started.w12);
  started.after_round_8 = started.initial;
  Rounds4(&started.after_round_8, _mm_add_epi32(w0, K(0)));
  Rounds4(&started.after_round_8, _mm_add_epi32(started.w4, K(1)));
  return started;
}

// Adds 32 bytes of output to sum.
[[gnu::always_inline]] inline void AddDigest(const State& initial, const State& state,
                                             uint32_t* sum) {
  // Swaps the bytes of each word and reverses the words: abef becomes A B E F from the lowest word
  // up.
  const __m128i reverse = _mm_setr_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const __m128i abef = _mm_shuffle_epi8(_mm_add_epi32(state.abef, initial.abef), reverse);
  const __m128i cdgh = _mm_shuffle_epi8(_mm_add_epi32(state.cdgh, initial.cdgh), reverse);
  __m128i* const out = reinterpret_cast<__m128i*>(sum);
  _mm_store_si128(out, _mm_add_epi16(_mm_load_si128(out), _mm_unpacklo_epi64(abef, cdgh)));
  _mm_store_si128(out + 1, _mm_add_epi16(_mm_load_si128(out + 1), _mm_unpackhi_epi64(abef, cdgh)));
}

void ExpandStreams(const Started& started, uint32_t counter, uint32_t* sum) {
  State s[kStreams];
  __m128i w[kStreams][4];
  for (size_t i = 0; i < kStreams; ++i) {
    s[i] = started.after_round_8;
    w[i][0] = started.w16;
    w[i][1] = started.w4;
    w[i][2] = _mm_setr_epi32(static_cast<int>(counter + i), static_cast<int>(kMgf1Word9), 0, 0);
    w[i][3] = started.w12;
    Rounds4(&s[i], _mm_add_epi32(w[i][2], K(2)));
    Rounds4(&s[i], _mm_add_epi32(w[i][3], K(3)));
    Rounds4(&s[i], _mm_add_epi32(w[i][0], K(4)));
  }
#pragma GCC unroll 11
  for (size_t quad = 5; quad < 16; ++quad) {
    for (size_t i = 0; i < kStreams; ++i) {
      __m128i(&v)[4] = w[i];
      v[quad % 4] = Schedule(v[quad % 4], v[(quad + 1) % 4], v[(quad + 2) % 4], v[(quad + 3) % 4]);
      Rounds4(&s[i], _mm_add_epi32(v[quad % 4], K(quad)));
    }
  }
  for (size_t i = 0; i < kStreams; ++i) AddDigest(started.initial, s[i], sum + 8 * i);
}

void Expand(const Sha256Seeds& seeds, const bool* subtract, size_t count, LaneSums* sums) {
  for (size_t row = 0; row < count; ++row) {
    const Started started = Start(seeds, row);
    uint32_t* const sum = sums->words[subtract[row] ? 1 : 0];
    for (uint32_t counter = 0; counter < kMgf1Blocks; counter += kStreams) {
      ExpandStreams(started, counter, sum + size_t{8} * counter);
    }
  }
}

}  // namespace

const LaneKernel<Sha256Seeds>& Sha256ShaNi() {
  static constexpr LaneKernel<Sha256Seeds> kKernel = {1, Hash, Expand};
  return kKernel;
}

}  // namespace flatkv::internal
