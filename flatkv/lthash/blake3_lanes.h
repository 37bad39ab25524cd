// BLAKE3 with one compression in every SIMD lane. For kernel files: V is the file's own vector
// type.
//
// Three shapes: Hash runs V::kLanes rows side by side until each has its root node; HashChunks runs
// V::kLanes chunks of one long input side by side; Expand runs V::kLanes output counters of one row
// side by side.
#pragma once

#include "flatkv/lthash/blake3_constants.h"
#include "flatkv/lthash/lane_blocks.h"
#include "flatkv/lthash/lane_kernel.h"

namespace flatkv::internal {

template <class V>
class Blake3Lanes {
 public:
  static void Hash(const PackedRows& rows, Blake3Nodes* nodes) {
    for (size_t first = 0; first < rows.count; first += V::kLanes) HashLanes(rows, first, nodes);
  }

  static void HashChunks(const uint8_t* chunks, size_t count, uint64_t counter,
                         uint32_t (*chaining)[kGroupRows]) {
    for (size_t first = 0; first < count; first += V::kLanes) {
      const uint8_t* blocks[V::kLanes];
      alignas(64) uint32_t counters[2][V::kLanes];  // Low and high halves.
      for (size_t lane = 0; lane < V::kLanes; ++lane) {
        const size_t chunk = first + lane < count ? first + lane : first;
        blocks[lane] = chunks + chunk * kBlake3ChunkBytes;
        counters[0][lane] = static_cast<uint32_t>(counter + chunk);
        counters[1][lane] = static_cast<uint32_t>((counter + chunk) >> 32);
      }
      HashChunkLanes(blocks, V::Load(counters[0]), V::Load(counters[1]), chaining, first);
    }
  }

  static void Expand(const Blake3Nodes& nodes, const bool* subtract, size_t count, LaneSums* sums) {
    Started started;
    for (size_t first = 0; first < count; first += V::kLanes) Start(nodes, first, &started);
    for (size_t row = 0; row < count; ++row) {
      uint32_t* const sum = sums->words[subtract[row] ? 1 : 0];
      // Message words beyond the end are zero; four instances spare most of their additions.
      const uint32_t size = nodes.block_size[row];
      if (size <= 16) {
        ExpandRow<4>(nodes, started, row, sum);
      } else if (size <= 32) {
        ExpandRow<8>(nodes, started, row, sum);
      } else if (size <= 48) {
        ExpandRow<12>(nodes, started, row, sum);
      } else {
        ExpandRow<16>(nodes, started, row, sum);
      }
    }
  }

 private:
  using Vec = typename V::Vec;

  // The state of each row as far as it does not depend on the counter: columns 1 to 3 after the
  // column step of round 0; column 0 after its first addition.
  struct Started {
    alignas(64) uint32_t words[16][kGroupRows];
  };

  template <bool kAddX, bool kAddY>
  [[gnu::always_inline]] static void Mix(Vec& a, Vec& b, Vec& c, Vec& d, Vec x, Vec y) {
    a = V::Add(a, b);
    if constexpr (kAddX) a = V::Add(a, x);
    MixAfterX<kAddY>(a, b, c, d, y);
  }
  template <bool kAddY>
  [[gnu::always_inline]] static void MixAfterX(Vec& a, Vec& b, Vec& c, Vec& d, Vec y) {
    d = V::template RotateRight<16>(V::Xor(d, a));
    c = V::Add(c, d);
    b = V::template RotateRight<12>(V::Xor(b, c));
    if constexpr (kAddY) a = V::Add(a, y);
    a = V::Add(a, b);
    d = V::template RotateRight<8>(V::Xor(d, a));
    c = V::Add(c, d);
    b = V::template RotateRight<7>(V::Xor(b, c));
  }

  // Mix with places 2 * kPair and 2 * kPair + 1 of round kRound's message, of which words from
  // kWords on are zero.
  template <size_t kRound, size_t kPair, size_t kWords>
  [[gnu::always_inline]] static void MixPair(Vec& a, Vec& b, Vec& c, Vec& d, const Vec (&m)[16]) {
    constexpr size_t kX = kBlake3Schedule[kRound][2 * kPair];
    constexpr size_t kY = kBlake3Schedule[kRound][2 * kPair + 1];
    Mix<(kX < kWords), (kY < kWords)>(a, b, c, d, m[kX], m[kY]);
  }

  template <size_t kRound, size_t kWords>
  [[gnu::always_inline]] static void Columns(Vec (&v)[16], const Vec (&m)[16]) {
    MixPair<kRound, 0, kWords>(v[0], v[4], v[8], v[12], m);
    MixPair<kRound, 1, kWords>(v[1], v[5], v[9], v[13], m);
    MixPair<kRound, 2, kWords>(v[2], v[6], v[10], v[14], m);
    MixPair<kRound, 3, kWords>(v[3], v[7], v[11], v[15], m);
  }
  template <size_t kRound, size_t kWords>
  [[gnu::always_inline]] static void Diagonals(Vec (&v)[16], const Vec (&m)[16]) {
    MixPair<kRound, 4, kWords>(v[0], v[5], v[10], v[15], m);
    MixPair<kRound, 5, kWords>(v[1], v[6], v[11], v[12], m);
    MixPair<kRound, 6, kWords>(v[2], v[7], v[8], v[13], m);
    MixPair<kRound, 7, kWords>(v[3], v[4], v[9], v[14], m);
  }
  // The rounds from kRound on.
  template <size_t kRound, size_t kWords>
  [[gnu::always_inline]] static void Rounds(Vec (&v)[16], const Vec (&m)[16]) {
    Columns<kRound, kWords>(v, m);
    Diagonals<kRound, kWords>(v, m);
    if constexpr (kRound + 1 < kBlake3Rounds) Rounds<kRound + 1, kWords>(v, m);
  }

  // The chaining value after one more block of 64 bytes.
  [[gnu::always_inline]] static void Compress(const Vec (&chaining)[8], const Vec (&m)[16],
                                              Vec counter_low, Vec counter_high, uint32_t flags,
                                              Vec (&next)[8]) {
    Vec v[16];
    for (size_t i = 0; i < 8; ++i) v[i] = chaining[i];
    for (size_t i = 0; i < 4; ++i) v[i + 8] = V::Set(kBlake3Iv[i]);
    v[12] = counter_low;
    v[13] = counter_high;
    v[14] = V::Set(kBlake3BlockBytes);
    v[15] = V::Set(flags);
    Rounds<0, 16>(v, m);
    for (size_t i = 0; i < 8; ++i) next[i] = V::Xor(v[i], v[i + 8]);
  }

  static void HashChunkLanes(const uint8_t* (&blocks)[V::kLanes], Vec counter_low, Vec counter_high,
                             uint32_t (*chaining)[kGroupRows], size_t first) {
    Vec value[8];
    for (size_t i = 0; i < 8; ++i) value[i] = V::Set(kBlake3Iv[i]);
    constexpr size_t kBlocks = kBlake3ChunkBytes / kBlake3BlockBytes;
    for (size_t index = 0; index < kBlocks; ++index) {
      Vec m[16];
      V::LoadTransposed(blocks, m);
      const uint32_t flags = index == 0             ? kBlake3ChunkStart
                             : index + 1 == kBlocks ? kBlake3ChunkEnd
                                                    : 0;
      Compress(value, m, counter_low, counter_high, flags, value);
      for (const uint8_t*& block : blocks) block += kBlake3BlockBytes;
    }
    for (size_t i = 0; i < 8; ++i) V::Store(chaining[i] + first, value[i]);
  }

  static void HashLanes(const PackedRows& rows, size_t first, Blake3Nodes* nodes) {
    Vec chaining[8];
    for (size_t i = 0; i < 8; ++i) chaining[i] = V::Set(kBlake3Iv[i]);
    const Vec blocks = V::Load(rows.blocks + first);
    Vec m[16];
    for (uint32_t index = 0; index + 1 < rows.blocks_max; ++index) {
      LoadBlocks<V>(rows, first, index, m);
      Vec next[8];
      Compress(chaining, m, V::Set(0), V::Set(0), index == 0 ? kBlake3ChunkStart : 0, next);
      const typename V::Mask active = V::Greater(blocks, V::Set(index + 1));
      for (size_t i = 0; i < 8; ++i) chaining[i] = V::Select(active, next[i], chaining[i]);
    }
    LoadBlocks<V>(rows, first, rows.blocks_max - 1, m);
    for (size_t i = 0; i < 8; ++i) V::Store(nodes->chaining[i] + first, chaining[i]);
    for (size_t i = 0; i < 16; ++i) V::Store(nodes->block[i] + first, m[i]);
    for (size_t lane = first; lane < first + V::kLanes; ++lane) {
      const uint32_t before = rows.blocks[lane] - 1;
      nodes->block_size[lane] = rows.sizes[lane] - before * uint32_t{kBlake3BlockBytes};
      nodes->flags[lane] = (before == 0 ? kBlake3ChunkStart : 0) | kBlake3ChunkEnd | kBlake3Root;
    }
  }

  static void Start(const Blake3Nodes& nodes, size_t first, Started* started) {
    Vec v[16];
    for (size_t i = 0; i < 8; ++i) v[i] = V::Load(nodes.chaining[i] + first);
    for (size_t i = 0; i < 4; ++i) v[i + 8] = V::Set(kBlake3Iv[i]);
    v[12] = v[13] = V::Set(0);
    v[14] = V::Load(nodes.block_size + first);
    v[15] = V::Load(nodes.flags + first);
    Vec m[8];
    for (size_t i = 0; i < 8; ++i) m[i] = V::Load(nodes.block[i] + first);
    v[0] = V::Add(V::Add(v[0], v[4]), m[0]);
    Mix<true, true>(v[1], v[5], v[9], v[13], m[2], m[3]);
    Mix<true, true>(v[2], v[6], v[10], v[14], m[4], m[5]);
    Mix<true, true>(v[3], v[7], v[11], v[15], m[6], m[7]);
    for (size_t i = 0; i < 16; ++i) V::Store(started->words[i] + first, v[i]);
  }

  template <size_t kWords>
  static void ExpandRow(const Blake3Nodes& nodes, const Started& started, size_t row,
                        uint32_t* sum) {
    Vec m[16];
    for (size_t i = 0; i < 16; ++i) m[i] = i < kWords ? V::Set(nodes.block[i][row]) : V::Set(0);
    for (uint32_t counter = 0; counter < 32; counter += V::kLanes) {
      Vec v[16];
      for (size_t i = 0; i < 16; ++i) v[i] = V::Set(started.words[i][row]);
      v[12] = V::Add(V::Set(counter), V::Iota());
      MixAfterX<true>(v[0], v[4], v[8], v[12], m[1]);
      Diagonals<0, kWords>(v, m);
      Rounds<1, kWords>(v, m);
      for (size_t i = 0; i < 8; ++i) {
        AddTo(sum + i * V::kLanes, V::Xor(v[i], v[i + 8]));
        AddTo(sum + (i + 8) * V::kLanes, V::Xor(v[i + 8], V::Set(nodes.chaining[i][row])));
      }
      sum += 16 * V::kLanes;
    }
  }
  [[gnu::always_inline]] static void AddTo(uint32_t* sum, Vec words) {
    V::Store(sum, V::Add16(V::Load(sum), words));
  }
};

}  // namespace flatkv::internal
