// What the rows of a workload look like: from a row's number to its key, and to the size of its
// values. Keys come from a hash of the number, so that rows of neighbouring numbers lie far apart.
// Pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/random.h"

namespace flatkv::bench {

enum class Shape {
  kStorage,  // storage slots only: 57-byte physical keys, 41-byte rows
  kMixed,    // 65 % storage, 18 % nonces, 1 % code hashes, 1 % byte code, 15 % bank balances
};

enum class RowKind { kStorage, kNonce, kCodeHash, kCode, kBalance };

RowKind KindOf(Shape shape, uint64_t row);
// The module whose change set the row is in.
std::string_view ModuleOf(RowKind kind);
// Appends the key of a row, as a node names it; returns its size.
size_t AppendKey(RowKind kind, uint64_t row, uint64_t seed, std::vector<char>* out);
// Appends a random value, never one that removes the row; returns its size. Byte code has 256 to
// 24,576 bytes, small sizes more often.
size_t AppendValue(RowKind kind, Random* random, std::vector<char>* out);

}  // namespace flatkv::bench
