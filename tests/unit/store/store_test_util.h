// Opening stores in tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flatkv/base/hex.h"
#include "flatkv/store/store.h"
#include "tests/support/sample_blocks.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {

inline constexpr char kHome[] = "/home";

// Small buffers, so that short histories are written behind, flush and roll; no compression, one
// thread beside the committing one.
inline StoreOptions SmallStoreOptions(Suite suite = Suite::kSha256) {
  StoreOptions options;
  options.suite = suite;
  options.threads = 2;
  options.read_threads = 2;
  options.background_threads = 1;
  options.block_cache_bytes = 1 << 20;
  options.overlay_bytes_max = 16 << 10;
  options.row_cache_bytes = 64 << 10;
  options.key_filter_bytes_max = 8 << 10;
  options.write_buffer_bytes = 256 << 10;
  options.max_file_bytes = 1 << 20;
  options.compression = false;
  options.snapshot.policy = SnapshotPolicy::kManual;
  return options;
}

inline StatusOr<std::unique_ptr<Store>> OpenStore(FileSystem& fs, const StoreOptions& options) {
  return Store::Open(fs, NullLogger(), kHome, options);
}

inline StatusOr<CommitResult> CommitOwned(Store& store, const OwnedBlock& block) {
  return store.CommitBlock(block.version(), block.changes());
}

inline std::string Hex(const Digest& digest) { return HexEncode(AsBytes(digest)); }

// Every pair of a module by iteration.
inline std::vector<std::pair<std::string, std::string>> Walk(Store& store,
                                                             const IterateRange& range) {
  std::vector<std::pair<std::string, std::string>> pairs;
  auto iterator = store.Iterate(range);
  EXPECT_OK(iterator);
  if (iterator.ok()) {
    for (; (*iterator)->Valid(); (*iterator)->Next()) {
      pairs.emplace_back((*iterator)->key(), (*iterator)->value());
    }
    EXPECT_OK((*iterator)->status());
  }
  return pairs;
}

}  // namespace flatkv::test
