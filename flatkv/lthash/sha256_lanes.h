// SHA-256 with one message in every SIMD lane, and MGF1 on top of it. For kernel files: V is the
// file's own vector type.
//
// Two shapes: Hash runs the padded inputs of V::kLanes rows side by side until each has its seed;
// Expand runs V::kLanes counters of one row side by side. In an MGF1 block only message word 8, the
// counter, differs between the lanes, so everything before it has effect is computed once a row:
// the state after round 8 but for two additions, and the schedule's words 16 to 22. Those are
// computed for V::kLanes rows at once as well.
#pragma once

#include "flatkv/lthash/lane_blocks.h"
#include "flatkv/lthash/lane_kernel.h"
#include "flatkv/lthash/sha256_constants.h"

namespace flatkv::internal {

template <class V>
class Sha256Lanes {
 public:
  static void Hash(const PackedRows& rows, Sha256Seeds* seeds) {
    for (size_t first = 0; first < rows.count; first += V::kLanes) HashLanes(rows, first, seeds);
  }

  static void Expand(const Sha256Seeds& seeds, const bool* subtract, size_t count, LaneSums* sums) {
    Started started;
    for (size_t first = 0; first < count; first += V::kLanes) Start(seeds, first, &started);
    for (size_t row = 0; row < count; ++row) {
      uint32_t* sum = sums->words[subtract[row] ? 1 : 0];
      for (uint32_t counter = 0; counter < kMgf1Blocks; counter += V::kLanes) {
        ExpandLanes(started, row, V::Add(V::Set(counter), V::Iota()), sum);
        sum += 8 * V::kLanes;
      }
    }
  }

 private:
  using Vec = typename V::Vec;

  // What the blocks of a row have in common; w is the message schedule.
  struct Started {
    // After round 8, but for the counter, which is still to be added to words 0 (a) and 4 (e).
    alignas(64) uint32_t state[8][kGroupRows];
    alignas(64) uint32_t round_words[7][kGroupRows];  // w + K for rounds 16 to 22.
    // The terms of schedule word t that no counter enters; at place t - 23.
    alignas(64) uint32_t terms[16][kGroupRows];
  };

  [[gnu::always_inline]] static Vec BigSigma0(Vec a) {
    return V::Xor3(V::template RotateRight<2>(a), V::template RotateRight<13>(a),
                   V::template RotateRight<22>(a));
  }
  [[gnu::always_inline]] static Vec BigSigma1(Vec a) {
    return V::Xor3(V::template RotateRight<6>(a), V::template RotateRight<11>(a),
                   V::template RotateRight<25>(a));
  }
  [[gnu::always_inline]] static Vec SmallSigma0(Vec a) {
    return V::Xor3(V::template RotateRight<7>(a), V::template RotateRight<18>(a),
                   V::template ShiftRight<3>(a));
  }
  [[gnu::always_inline]] static Vec SmallSigma1(Vec a) {
    return V::Xor3(V::template RotateRight<17>(a), V::template RotateRight<19>(a),
                   V::template ShiftRight<10>(a));
  }

  // Round kT; word is w + K. The variable named a is s[0] before round 0 and moves down one place
  // with every round.
  template <int kT>
  [[gnu::always_inline]] static void Round(Vec (&s)[8], Vec word) {
    constexpr auto kAt = [](int variable) { return static_cast<size_t>((64 + variable - kT) % 8); };
    const Vec a = s[kAt(0)];
    const Vec e = s[kAt(4)];
    const Vec t1 =
        V::Add(V::Add(V::Add(s[kAt(7)], word), V::Choose(e, s[kAt(5)], s[kAt(6)])), BigSigma1(e));
    const Vec t2 = V::Add(BigSigma0(a), V::Majority(a, s[kAt(1)], s[kAt(2)]));
    s[kAt(3)] = V::Add(s[kAt(3)], t1);
    s[kAt(7)] = V::Add(t1, t2);
  }

  // Rounds kT to kEnd - 1 of a general block: w[t % 16] becomes schedule word t.
  template <int kT, int kEnd>
  [[gnu::always_inline]] static void Rounds(Vec (&s)[8], Vec (&w)[16]) {
    if constexpr (kT >= 16) {
      w[kT % 16] = V::Add(V::Add(w[kT % 16], SmallSigma0(w[(kT + 1) % 16])),
                          V::Add(w[(kT + 9) % 16], SmallSigma1(w[(kT + 14) % 16])));
    }
    Round<kT>(s, V::Add(w[kT % 16], V::Set(kSha256K[kT])));
    if constexpr (kT + 1 < kEnd) Rounds<kT + 1, kEnd>(s, w);
  }

  static void HashLanes(const PackedRows& rows, size_t first, Sha256Seeds* seeds) {
    Vec state[8];
    for (size_t i = 0; i < 8; ++i) state[i] = V::Set(kSha256Iv[i]);
    const Vec blocks = V::Load(rows.blocks + first);
    for (uint32_t index = 0; index < rows.blocks_max; ++index) {
      Vec w[16];
      LoadBlocks<V>(rows, first, index, w);
      for (size_t i = 0; i < 16; ++i) w[i] = V::SwapBytes(w[i]);
      Vec s[8];
      for (size_t i = 0; i < 8; ++i) s[i] = state[i];
      Rounds<0, 64>(s, w);
      const typename V::Mask active = V::Greater(blocks, V::Set(index));
      for (size_t i = 0; i < 8; ++i) state[i] = V::Select(active, V::Add(state[i], s[i]), state[i]);
    }
    for (size_t i = 0; i < 8; ++i) V::Store(seeds->words[i] + first, state[i]);
  }

  static void Start(const Sha256Seeds& seeds, size_t first, Started* started) {
    Vec s[8];
    for (size_t i = 0; i < 8; ++i) s[i] = V::Set(kSha256Iv[i]);
    Vec w[23];
    for (size_t i = 0; i < 8; ++i) w[i] = V::Load(seeds.words[i] + first);
    w[9] = V::Set(kMgf1Word9);
    for (size_t i = 10; i < 15; ++i) w[i] = V::Set(0);
    w[15] = V::Set(kMgf1Word15);
    // Round 8 with the counter's addition left out; no word up to 22 has a term in w[8].
    w[8] = V::Set(0);
    Vec first_words[16];
    for (size_t i = 0; i < 16; ++i) first_words[i] = w[i];
    Rounds<0, 9>(s, first_words);
    for (size_t i = 0; i < 8; ++i) V::Store(started->state[i] + first, s[(i + 7) % 8]);

    for (size_t t = 16; t < 23; ++t) {
      w[t] = V::Add(V::Add(w[t - 16], SmallSigma0(w[t - 15])),
                    V::Add(w[t - 7], SmallSigma1(w[t - 2])));
      V::Store(started->round_words[t - 16] + first, V::Add(w[t], V::Set(kSha256K[t])));
    }
    // Word t is w[t-16] + sigma0(w[t-15]) + w[t-7] + sigma1(w[t-2]): the terms with t' in 0..7
    // and 9..22.
    for (size_t t = 23; t < 39; ++t) {
      Vec terms = V::Set(0);
      if (t - 16 != 8 && t - 16 < 23) terms = V::Add(terms, w[t - 16]);
      if (t - 15 != 8 && t - 15 < 23) terms = V::Add(terms, SmallSigma0(w[t - 15]));
      if (t - 7 < 23) terms = V::Add(terms, w[t - 7]);
      if (t - 2 < 23) terms = V::Add(terms, SmallSigma1(w[t - 2]));
      V::Store(started->terms[t - 23] + first, terms);
    }
  }

  // Schedule word kT of an MGF1 block; w[t % 16] holds word t for t from 23 on.
  template <int kT>
  [[gnu::always_inline]] static Vec Mgf1Word(const Started& started, size_t row, Vec counter,
                                             const Vec (&w)[16]) {
    Vec word;
    if constexpr (kT < 39) {
      word = V::Set(started.terms[kT - 23][row]);
      if constexpr (kT == 23) word = V::Add(word, SmallSigma0(counter));
      if constexpr (kT == 24) word = V::Add(word, counter);
    } else {
      word = w[kT % 16];
    }
    if constexpr (kT - 15 >= 23) word = V::Add(word, SmallSigma0(w[(kT - 15) % 16]));
    if constexpr (kT - 7 >= 23) word = V::Add(word, w[(kT - 7) % 16]);
    if constexpr (kT - 2 >= 23) word = V::Add(word, SmallSigma1(w[(kT - 2) % 16]));
    return word;
  }

  // Rounds kT to 63 of an MGF1 block.
  template <int kT>
  [[gnu::always_inline]] static void Mgf1Rounds(const Started& started, size_t row, Vec counter,
                                                Vec (&s)[8], Vec (&w)[16]) {
    if constexpr (kT < 16) {
      constexpr uint32_t kWord = kT == 9 ? kMgf1Word9 : kT == 15 ? kMgf1Word15 : 0;
      Round<kT>(s, V::Set(kWord + kSha256K[kT]));
    } else if constexpr (kT < 23) {
      Round<kT>(s, V::Set(started.round_words[kT - 16][row]));
    } else {
      w[kT % 16] = Mgf1Word<kT>(started, row, counter, w);
      Round<kT>(s, V::Add(w[kT % 16], V::Set(kSha256K[kT])));
    }
    if constexpr (kT < 63) Mgf1Rounds<kT + 1>(started, row, counter, s, w);
  }

  static void ExpandLanes(const Started& started, size_t row, Vec counter, uint32_t* sum) {
    Vec s[8];  // Before round 9, variable i is at place i - 1.
    for (size_t i = 0; i < 8; ++i) s[(i + 7) % 8] = V::Set(started.state[i][row]);
    s[7] = V::Add(s[7], counter);
    s[3] = V::Add(s[3], counter);
    Vec w[16];
    Mgf1Rounds<9>(started, row, counter, s, w);
    for (size_t i = 0; i < 8; ++i) {
      const Vec digest = V::SwapBytes(V::Add(s[i], V::Set(kSha256Iv[i])));
      V::Store(sum + i * V::kLanes, V::Add16(V::Load(sum + i * V::kLanes), digest));
    }
  }
};

}  // namespace flatkv::internal
