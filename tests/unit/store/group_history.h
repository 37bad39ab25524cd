// Blocks committed in groups, and what tests of that share.
#pragma once

#include <memory>
#include <random>
#include <span>
#include <vector>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/unit/store/history.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {

// Borrowed change sets of blocks that live elsewhere.
class BlockGroup {
 public:
  void Add(const OwnedBlock& block) {
    changes_.push_back(std::make_unique<ChangeSets>(block.changes()));
    blocks_.push_back({block.version(), changes_.back().get()});
  }
  std::span<const BlockRef> blocks() const { return blocks_; }

 private:
  std::vector<std::unique_ptr<ChangeSets>> changes_;
  std::vector<BlockRef> blocks_;
};

inline std::vector<StatusOr<CommitResult>> CommitGroupOf(Store& store,
                                                         const std::vector<OwnedBlock>& blocks,
                                                         OnRefusal on_refusal = OnRefusal::kGoOn) {
  BlockGroup group;
  for (const OwnedBlock& block : blocks) {
    group.Add(block);
  }
  return store.CommitBlocks(group.blocks(), on_refusal);
}

// Versions `first` .. `last` of `history` in one group; the first error.
inline Status CommitGroupTo(Store& store, const History& history, Version first, Version last) {
  std::vector<OwnedBlock> blocks;
  for (Version version = first; version <= last; ++version) {
    blocks.push_back(history.block(version));
  }
  for (const StatusOr<CommitResult>& result : CommitGroupOf(store, blocks)) {
    RETURN_IF_ERROR(result.status());
    if (result->root != history.root(result->version)) {
      return Internal("a commit answered with a wrong root");
    }
  }
  return OkStatus();
}

}  // namespace flatkv::test
