// The numbers of BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3: one function, fast
// everywhere", 2021, sections 2.1 to 2.4), shared by the portable code and the lane kernels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace flatkv::internal {

inline constexpr size_t kBlake3BlockBytes = 64;
inline constexpr size_t kBlake3ChunkBytes = 1024;
inline constexpr size_t kBlake3Rounds = 7;

inline constexpr uint32_t kBlake3Iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// Domain flags, table 3.
inline constexpr uint32_t kBlake3ChunkStart = 1;
inline constexpr uint32_t kBlake3ChunkEnd = 2;
inline constexpr uint32_t kBlake3Parent = 4;
inline constexpr uint32_t kBlake3Root = 8;

// kBlake3Schedule[r][i] is the message word that round r takes in place i: table 2 applied r times.
inline constexpr std::array<std::array<uint8_t, 16>, kBlake3Rounds> kBlake3Schedule = [] {
  constexpr uint8_t kPermutation[16] = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
  std::array<std::array<uint8_t, 16>, kBlake3Rounds> schedule{};
  for (size_t i = 0; i < 16; ++i) schedule[0][i] = static_cast<uint8_t>(i);
  for (size_t round = 1; round < kBlake3Rounds; ++round) {
    for (size_t i = 0; i < 16; ++i) schedule[round][i] = schedule[round - 1][kPermutation[i]];
  }
  return schedule;
}();

}  // namespace flatkv::internal
