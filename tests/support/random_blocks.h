// Seeded random blocks over a small key space, so that rows are created, rewritten, cleared and
// removed often.
#pragma once

#include <cstdint>
#include <random>

#include "tests/support/sample_blocks.h"

namespace flatkv::test {

class RandomBlocks {
 public:
  explicit RandomBlocks(uint64_t seed) : random_(seed) {}
  // A block of up to `pairs_max` pairs of every kind: accounts, storage, code, odd evm keys and
  // other modules.
  OwnedBlock Next(Version version, size_t pairs_max);

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  void AddPair(OwnedBlock* block);

  std::mt19937_64 random_;
};

}  // namespace flatkv::test
