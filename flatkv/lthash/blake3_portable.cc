#include "flatkv/lthash/blake3_portable.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "flatkv/base/check.h"
#include "flatkv/base/endian.h"
#include "flatkv/lthash/row_input.h"

namespace flatkv::internal {
namespace {

void Mix(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d, uint32_t x, uint32_t y) {
  a += b + x;
  d = std::rotr(d ^ a, 16);
  c += d;
  b = std::rotr(b ^ c, 12);
  a += b + y;
  d = std::rotr(d ^ a, 8);
  c += d;
  b = std::rotr(b ^ c, 7);
}

std::array<uint32_t, 8> Front(const std::array<uint32_t, 16>& words) {
  std::array<uint32_t, 8> front;
  std::copy_n(words.begin(), front.size(), front.begin());
  return front;
}

std::array<uint32_t, 8> Iv() { return std::to_array(kBlake3Iv); }

Blake3Node ParentNode(const std::array<uint32_t, 8>& left, const std::array<uint32_t, 8>& right) {
  Blake3Node node{Iv(), {}, kBlake3BlockBytes, kBlake3Parent};
  std::copy(left.begin(), left.end(), node.block.begin());
  std::copy(right.begin(), right.end(), node.block.begin() + 8);
  return node;
}

}  // namespace

std::array<uint32_t, 16> Blake3Compress(const Blake3Node& node, uint64_t counter) {
  std::array<uint32_t, 16> v;
  std::copy(node.chaining.begin(), node.chaining.end(), v.begin());
  std::copy_n(kBlake3Iv, 4, v.begin() + 8);
  v[12] = static_cast<uint32_t>(counter);
  v[13] = static_cast<uint32_t>(counter >> 32);
  v[14] = node.block_size;
  v[15] = node.flags;
  const std::array<uint32_t, 16>& m = node.block;
  for (const std::array<uint8_t, 16>& s : kBlake3Schedule) {
    Mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    Mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    Mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    Mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    Mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    Mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    Mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    Mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
  }
  for (size_t i = 0; i < 8; ++i) {
    v[i] ^= v[i + 8];
    v[i + 8] ^= node.chaining[i];
  }
  return v;
}

void Blake3Hasher::StartChunk() {
  chaining_ = Iv();
  block_size_ = 0;
  chunk_blocks_ = 0;
}

Blake3Node Blake3Hasher::ChunkNode() const {
  Blake3Node node{chaining_,
                  {},
                  static_cast<uint32_t>(block_size_),
                  chunk_blocks_ == 0 ? kBlake3ChunkStart : 0};
  std::memcpy(node.block.data(), block_.data(), block_size_);
  return node;
}

void Blake3Hasher::CompressBlock() {
  chaining_ = Front(Blake3Compress(ChunkNode(), chunk_count_));
  ++chunk_blocks_;
  block_size_ = 0;
}

void Blake3Hasher::FinishChunk() {
  Blake3Node node = ChunkNode();
  node.flags |= kBlake3ChunkEnd;
  PushChunk(Front(Blake3Compress(node, chunk_count_)));
  StartChunk();
}

// Merges the chunk with every finished subtree of equal size on its left
// (specification 2.1, 5.1.2).
void Blake3Hasher::PushChunk(const ChainingValue& chunk) {
  ChainingValue subtree = chunk;
  ++chunk_count_;
  for (int merges = std::countr_zero(chunk_count_); merges > 0; --merges) {
    subtree = Front(Blake3Compress(ParentNode(stack_[--stack_size_], subtree), 0));
  }
  FLATKV_CHECK(stack_size_ < kStackMax);
  stack_[stack_size_++] = subtree;
}

// Hashes whole chunks from the start of `bytes`, never up to the last byte, and returns how many
// bytes that were. REQUIRES: a chunk starts here.
size_t Blake3Hasher::HashWholeChunks(std::string_view bytes) {
  const size_t chunks = (bytes.size() - 1) / kBlake3ChunkBytes;
  size_t done = 0;
  // For a single chunk the plain code is faster than many lanes with one of them in use.
  while (chunks - done > 1) {
    const size_t count = std::min(chunks - done, kGroupRows);
    alignas(64) uint32_t chaining[8][kGroupRows];
    kernel_->hash_chunks(reinterpret_cast<const uint8_t*>(bytes.data()) + done * kBlake3ChunkBytes,
                         count, chunk_count_, chaining);
    for (size_t chunk = 0; chunk < count; ++chunk) {
      ChainingValue value;
      for (size_t i = 0; i < value.size(); ++i) value[i] = chaining[i][chunk];
      PushChunk(value);
    }
    done += count;
  }
  return done * kBlake3ChunkBytes;
}

void Blake3Hasher::Update(std::string_view bytes) {
  while (!bytes.empty()) {
    // A full block waits for the next byte: the last one of a chunk, and of the input, is flagged.
    if (block_size_ == kBlake3BlockBytes) {
      if ((chunk_blocks_ + 1) * kBlake3BlockBytes == kBlake3ChunkBytes) {
        FinishChunk();
      } else {
        CompressBlock();
      }
    }
    if (kernel_ != nullptr && block_size_ == 0 && chunk_blocks_ == 0) {
      bytes.remove_prefix(HashWholeChunks(bytes));
    }
    const size_t size = std::min(bytes.size(), kBlake3BlockBytes - block_size_);
    std::memcpy(block_.data() + block_size_, bytes.data(), size);
    block_size_ += size;
    bytes.remove_prefix(size);
  }
}

Blake3Node Blake3Hasher::Root() const {
  Blake3Node node = ChunkNode();
  node.flags |= kBlake3ChunkEnd;
  uint64_t counter = chunk_count_;
  for (size_t i = stack_size_; i > 0; --i) {
    node = ParentNode(stack_[i - 1], Front(Blake3Compress(node, counter)));
    counter = 0;
  }
  node.flags |= kBlake3Root;
  return node;
}

Blake3Node Blake3Root(std::span<const std::string_view> pieces, const Blake3LaneKernel* kernel) {
  Blake3Hasher hasher(kernel);
  for (const std::string_view piece : pieces) hasher.Update(piece);
  return hasher.Root();
}

Digest Blake3Digest(std::string_view bytes) {
  const std::array<uint32_t, 16> words = Blake3Compress(Blake3Root({&bytes, 1}), 0);
  Digest digest;
  std::memcpy(digest.data(), words.data(), digest.size());
  return digest;
}

void AccumulateBlake3Portable(std::span<const RowElement> elements, LtHash* sum) {
  for (const RowElement& row : elements) {
    const RowInputPieces input(row);
    const Blake3Node root = Blake3Root(input.pieces());
    LtHash expansion;
    for (size_t i = 0; i < LtHash::kSizeBytes / kBlake3BlockBytes; ++i) {
      const std::array<uint32_t, 16> words = Blake3Compress(root, i);
      std::memcpy(expansion.lanes() + i * 32, words.data(), kBlake3BlockBytes);
    }
    if (row.subtract) {
      *sum -= expansion;
    } else {
      *sum += expansion;
    }
  }
}

}  // namespace flatkv::internal
