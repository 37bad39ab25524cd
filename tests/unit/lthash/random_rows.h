// Rows of seeded random bytes for the hashing tests.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/lthash/row_hasher.h"

namespace flatkv {

// Owns the bytes of the rows that it makes.
class RandomRows {
 public:
  explicit RandomRows(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t bound) { return random_() % bound; }

  RowElement Row(size_t key_size, size_t value_size, bool subtract) {
    return {Bytes(key_size), Bytes(value_size), subtract};
  }

  // `count` rows, most of them as short as real ones, some longer than a chunk, either sign.
  std::vector<RowElement> Batch(size_t count) {
    std::vector<RowElement> rows;
    for (size_t i = 0; i < count; ++i) {
      const size_t value_size = Below(8) == 0 ? Below(5000) : Below(200);
      const size_t key_size = Below(70);
      rows.push_back(Row(key_size, value_size, Below(2) == 0));
    }
    return rows;
  }

 private:
  std::string_view Bytes(size_t size) {
    std::string& bytes = bytes_.emplace_back(size, '\0');
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
      const uint64_t random = random_();
      std::memcpy(bytes.data() + at, &random, std::min(sizeof(random), size - at));
    }
    return bytes;
  }

  std::mt19937_64 random_;
  std::deque<std::string> bytes_;
};

}  // namespace flatkv
