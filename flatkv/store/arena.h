// Bump allocation for the bytes of one version: keys and rows are written once and dropped
// together. Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace flatkv {

class Arena {
 public:
  // `block_bytes` is the size of the first block. The others double up to 64 KiB, so that the rows
  // of a small version take little more than their bytes. A larger request gets a block of its own.
  explicit Arena(size_t block_bytes = size_t{2} << 10) : block_bytes_(block_bytes) {}
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  // Uninitialised bytes, valid while the arena lives (moving it keeps them valid).
  char* Allocate(size_t bytes) {
    if (bytes > left_) {
      AddBlock(std::max(bytes, block_bytes_));
      block_bytes_ = std::max(block_bytes_, std::min(2 * block_bytes_, kBlockBytesMax));
    }
    char* const result = next_;
    next_ += bytes;
    left_ -= bytes;
    return result;
  }

  std::string_view Copy(std::string_view bytes) {
    if (bytes.empty()) {
      return {};
    }
    char* const copy = Allocate(bytes.size());
    std::memcpy(copy, bytes.data(), bytes.size());
    return {copy, bytes.size()};
  }

 private:
  static constexpr size_t kBlockBytesMax = size_t{64} << 10;

  void AddBlock(size_t bytes) {
    // new[] without (): the bytes are written before they are read.
    blocks_.emplace_back(new char[bytes]);
    next_ = blocks_.back().get();
    left_ = bytes;
  }

  size_t block_bytes_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace flatkv
