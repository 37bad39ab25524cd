// The changes of one version with the bytes that they view.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "flatkv/codec/change_set.h"

namespace flatkv::bench {

// Movable and reusable; a move keeps every view valid.
struct Block {
  Block() = default;
  Block(Block&&) = default;
  Block& operator=(Block&&) = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  std::vector<char> bytes;
  ChangeSets changes;  // views into `bytes`, or of literals
  // Pairs, and the rows among them that are different ones: a row written twice counts once.
  uint64_t updates = 0;
  uint64_t distinct_rows = 0;
};

}  // namespace flatkv::bench
