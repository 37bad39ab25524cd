// The narrow interface between the code that groups rows and the SIMD kernels that hash a group.
//
// Kernel files are compiled for CPUs that need not be this one. They include only intrinsics,
// constants and templates over their own local types, so that no inline function of theirs can
// become the program's copy.
//
// Thread safety: kernels are pure functions of their arguments.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flatkv::internal {

inline constexpr size_t kGroupRows = 16;
inline constexpr size_t kBlockBytes = 64;  // Of BLAKE3 and of SHA-256.
inline constexpr size_t kExpansionWords = 512;

// The padded inputs of up to 16 rows. Entries from `count` on repeat the first row.
struct PackedRows {
  size_t count;
  uint32_t blocks_max;
  const uint8_t* inputs[kGroupRows];  // blocks[i] * kBlockBytes bytes each.
  alignas(64) uint32_t blocks[kGroupRows];
  alignas(64) uint32_t sizes[kGroupRows];  // Input bytes without padding.
};

// What rows are expanded from: column i belongs to row i.
// BLAKE3's root nodes: the compression whose counter is open.
struct Blake3Nodes {
  alignas(64) uint32_t chaining[8][kGroupRows];
  alignas(64) uint32_t block[16][kGroupRows];
  alignas(64) uint32_t block_size[kGroupRows];
  alignas(64) uint32_t flags[kGroupRows];
};
// The seeds of MGF1, as SHA-256's state words.
struct Sha256Seeds {
  alignas(64) uint32_t words[8][kGroupRows];
};

// Sums of expansions, 16-bit lanes in pairs; [0] of the rows added, [1] of the rows subtracted. A
// kernel with L lanes keeps word w of output block g * L + l at (g * words of a block + w) * L + l,
// as its registers hold it; un-transposing once at the end is cheaper than for every row.
struct LaneSums {
  alignas(64) uint32_t words[2][kExpansionWords];
};

template <class Nodes>
struct LaneKernel {
  size_t lanes;
  // Fills the columns of all rows; the others have unspecified values.
  void (*hash)(const PackedRows& rows, Nodes* nodes);
  // Adds the expansion of row i to sums->words[subtract[i]], for i < count.
  void (*expand)(const Nodes& nodes, const bool* subtract, size_t count, LaneSums* sums);
};

struct Blake3LaneKernel : LaneKernel<Blake3Nodes> {
  // The chaining values of `count` <= kGroupRows whole chunks that follow each other from `chunks`
  // on, none of them the root; the first has the given counter. Fills chaining[i][c] for c < count,
  // the rest is unspecified.
  void (*hash_chunks)(const uint8_t* chunks, size_t count, uint64_t counter,
                      uint32_t (*chaining)[kGroupRows]);
};

// REQUIRES, to call what they point to: the CPU has what the name says, see cpu_features.h.
const Blake3LaneKernel& Blake3Avx2();
const Blake3LaneKernel& Blake3Avx512();
const LaneKernel<Sha256Seeds>& Sha256Avx2();
const LaneKernel<Sha256Seeds>& Sha256Avx512();
const LaneKernel<Sha256Seeds>& Sha256ShaNi();

}  // namespace flatkv::internal
