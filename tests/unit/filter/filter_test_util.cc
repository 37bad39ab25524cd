#include "tests/unit/filter/filter_test_util.h"

#include "flatkv/base/check.h"
#include "flatkv/fs/durable.h"

namespace flatkv::test {

uint64_t HashAt(uint64_t seed, uint64_t i) {
  // SplitMix64: a bijection of its state.
  uint64_t state = (seed << 40) + i + 1;
  state *= 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

std::unique_ptr<KeyFilter> NewFilter(uint64_t expected_keys) {
  KeyFilterOptions options;
  options.seed = 0x5eed;
  options.expected_keys = expected_keys;
  StatusOr<std::unique_ptr<KeyFilter>> filter = KeyFilter::Create(options);
  FLATKV_CHECK(filter.ok());
  return *std::move(filter);
}

void AddRange(KeyFilter& filter, uint64_t seed, uint64_t first, uint64_t end) {
  for (uint64_t i = first; i < end; ++i) {
    filter.Add(HashAt(seed, i));
  }
}

uint64_t CountContained(const KeyFilter& filter, uint64_t seed, uint64_t first, uint64_t end) {
  uint64_t contained = 0;
  for (uint64_t i = first; i < end; ++i) {
    contained += filter.MayContain(HashAt(seed, i)) ? 1u : 0u;
  }
  return contained;
}

std::string BytesOf(const KeyFilter& filter) {
  std::string bytes;
  for (size_t i = 0; i < filter.layers(); ++i) {
    const size_t start = bytes.size();
    bytes.resize(start + filter.layer(i).size_bytes());
    filter.layer(i).CopyBytes(0, filter.layer(i).size_bytes(), bytes.data() + start);
  }
  return bytes;
}

std::string ReadAll(FileSystem& fs, const std::string& path) {
  const StatusOr<std::string> content = ReadFile(fs, path, uint64_t{1} << 30);
  FLATKV_CHECK(content.ok());
  return *content;
}

}  // namespace flatkv::test
