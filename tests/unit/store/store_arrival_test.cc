// Blocks that arrive late or out of order: by reorganising from the earliest changed version the
// store ends in the state of the history in order.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

// A node that gets a provisional and a final block for each version in any order and keeps the
// store at the best history that it knows: of all changed versions the earliest decides from where
// on the store is reorganised.
class Node {
 public:
  explicit Node(Store& store) : store_(store) {}

  void Receive(const OwnedBlock& block, bool is_final) {
    Known& known = known_[block.version()];
    if (known.block != nullptr && (known.is_final || !is_final)) {
      return;  // late, and no news
    }
    known = {&block, is_final};
    frontier_ = frontier_ == 0 ? block.version() : std::min(frontier_, block.version());
  }

  // Brings the store to what is known without a gap.
  Status Settle() {
    const Version head = store_.Info().version;
    if (frontier_ == 0 || frontier_ > head + 1) {
      return OkStatus();  // the versions between have not arrived
    }
    if (frontier_ == head + 1) {
      return Commit();
    }
    std::vector<ReorgBlock> blocks;
    for (auto it = known_.find(frontier_);
         it != known_.end() && it->first == frontier_ + std::ssize(blocks); ++it) {
      blocks.push_back({it->first, it->second.block->changes()});
    }
    frontier_ = 0;
    ASSIGN_OR_RETURN(const ReorgResult result, store_.admin().Reorg(blocks));
    return result.versions.size() == blocks.size() ? OkStatus() : Internal("versions are missing");
  }

 private:
  Status Commit() {
    for (auto it = known_.find(frontier_); it != known_.end() && it->first == frontier_; ++it) {
      RETURN_IF_ERROR(CommitOwned(store_, *it->second.block).status());
      ++frontier_;
    }
    frontier_ = 0;
    return OkStatus();
  }

  struct Known {
    const OwnedBlock* block = nullptr;
    bool is_final = false;
  };
  Store& store_;
  std::map<Version, Known> known_;
  Version frontier_ = 0;  // the earliest version with news; 0: none
};

class StoreArrivalTest : public ::testing::TestWithParam<bool> {};

TEST_P(StoreArrivalTest, AnyOrderOfArrivalEndsInTheStateOfTheHistoryInOrder) {
  constexpr Version kLast = 9;
  constexpr uint64_t kOrders = 150;
  const History history(kLast, 15, 23);
  std::vector<OwnedBlock> provisional;
  for (Version version = 1; version <= kLast; ++version) {
    provisional.push_back(history.Other(version).first);
  }
  StoreOptions options = AdminOptions();
  options.wal_segment_bytes = 1 << 20;  // nothing is pruned: every version can be reached
  options.undo_depth = GetParam() ? 128 : 0;
  options.snapshot.policy = SnapshotPolicy::kInterval;
  options.snapshot.interval_versions = 3;
  for (uint64_t seed = 1; seed <= kOrders; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    std::vector<std::pair<const OwnedBlock*, bool>> arrivals;
    for (Version version = 1; version <= kLast; ++version) {
      arrivals.emplace_back(&provisional[static_cast<size_t>(version - 1)], false);
      arrivals.emplace_back(&history.block(version), true);
    }
    std::shuffle(arrivals.begin(), arrivals.end(), random);
    MemFileSystem disk;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, options));
    Node node(*store);
    for (size_t i = 0; i < arrivals.size();) {
      for (uint64_t batch = 1 + random() % 4; batch > 0 && i < arrivals.size(); --batch, ++i) {
        node.Receive(*arrivals[i].first, arrivals[i].second);
      }
      ASSERT_OK(node.Settle());
    }
    for (Version version = 1; version <= kLast; ++version) {
      ASSERT_OK_AND_ASSIGN(const Digest root, store->RootAt(version));
      ASSERT_EQ(Hex(root), Hex(history.root(version))) << version;
    }
    ExpectStateAt(*store, history, kLast);
    ASSERT_OK(store->Close());
    if (HasFailure()) {
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(ByMethod, StoreArrivalTest, ::testing::Bool(),
                         [](const auto& method) { return method.param ? "Undo" : "Replay"; });

}  // namespace
}  // namespace flatkv::test
