// BLAKE3 in plain C++, for input of any length (BLAKE3 specification, 2021). The lane kernels take
// from here the root node of inputs longer than one chunk.
//
// Thread safety: none; one hasher a thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "flatkv/base/types.h"
#include "flatkv/lthash/blake3_constants.h"
#include "flatkv/lthash/lane_kernel.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::internal {

// The arguments of a compression whose counter is still open: the last block of a chunk, or a
// parent. Compressing the root node with the counters 0, 1, 2... gives the extended output, 64
// bytes at a time.
struct Blake3Node {
  std::array<uint32_t, 8> chaining;
  std::array<uint32_t, 16> block;
  uint32_t block_size;
  uint32_t flags;
};

// All 16 output words, specification 2.2.
std::array<uint32_t, 16> Blake3Compress(const Blake3Node& node, uint64_t counter);

class Blake3Hasher {
 public:
  // With a kernel, whole chunks are hashed side by side. It is borrowed for this object's life.
  explicit Blake3Hasher(const Blake3LaneKernel* kernel = nullptr) : kernel_(kernel) {
    StartChunk();
  }

  void Update(std::string_view bytes);
  // The root of everything given to Update so far.
  Blake3Node Root() const;

 private:
  // Enough for 2^64 bytes of input: one chaining value for each level of the tree above the chunks.
  static constexpr size_t kStackMax = 54;
  using ChainingValue = std::array<uint32_t, 8>;

  void StartChunk();
  void CompressBlock();
  void FinishChunk();
  void PushChunk(const ChainingValue& chunk);
  size_t HashWholeChunks(std::string_view bytes);
  Blake3Node ChunkNode() const;

  const Blake3LaneKernel* const kernel_;
  ChainingValue chaining_;
  alignas(16) std::array<uint8_t, kBlake3BlockBytes> block_;
  size_t block_size_ = 0;
  size_t chunk_blocks_ = 0;   // Compressed blocks of this chunk.
  uint64_t chunk_count_ = 0;  // Finished chunks; also the counter of this one.
  // Roots of the finished complete subtrees, largest first: one for each 1 bit of chunk_count_.
  std::array<ChainingValue, kStackMax> stack_;
  size_t stack_size_ = 0;
};

// The root node of the pieces' concatenation.
Blake3Node Blake3Root(std::span<const std::string_view> pieces,
                      const Blake3LaneKernel* kernel = nullptr);
// The first 32 bytes of output.
Digest Blake3Digest(std::string_view bytes);

// An AccumulateFunction.
void AccumulateBlake3Portable(std::span<const RowElement> elements, LtHash* sum);

}  // namespace flatkv::internal
