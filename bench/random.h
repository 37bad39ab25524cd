// The random numbers of workloads: the same from the same seed, whatever compiler and library.
#pragma once

#include <cstdint>
#include <random>

namespace flatkv::bench {

// SplitMix64 (Steele, Lea, Flood 2014): a bijection, so different inputs have different outputs.
inline uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// The standard defines every number of mt19937_64, but leaves its distributions to the library:
// these are our own.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Next() { return engine_(); }
  // 0 .. bound - 1. REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  // 0 <= u < 1, a multiple of 2^-53.
  double Unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace flatkv::bench
