// Hashes, filters and files that the filter tests share.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "flatkv/filter/filter_file.h"
#include "flatkv/filter/key_filter.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::test {

inline const std::string kStoreId = "00112233445566778899aabbccddeeff";

// The i-th of a sequence of pseudorandom hashes, all different; sequences of different `seed` share
// none but by chance.
uint64_t HashAt(uint64_t seed, uint64_t i);

std::unique_ptr<KeyFilter> NewFilter(uint64_t expected_keys);
// Adds HashAt(seed, first) ... HashAt(seed, end - 1).
void AddRange(KeyFilter& filter, uint64_t seed, uint64_t first, uint64_t end);
// How many of these the filter may contain.
uint64_t CountContained(const KeyFilter& filter, uint64_t seed, uint64_t first, uint64_t end);

// The blocks of all layers as a file has them.
std::string BytesOf(const KeyFilter& filter);
// A whole file.
std::string ReadAll(FileSystem& fs, const std::string& path);

}  // namespace flatkv::test
