// One fixed, seeded history with the reference's state at every version, and a second timeline that
// leaves it after any version.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/model_store.h"
#include "tests/support/random_blocks.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class History {
 public:
  History(Version versions, size_t pairs_max, uint64_t seed, Suite suite = Suite::kBlake3)
      : seed_(seed), pairs_max_(pairs_max) {
    RandomBlocks random(seed);
    models_.emplace_back(suite);
    roots_.push_back(models_.back().Root());
    for (Version version = 1; version <= versions; ++version) {
      blocks_.push_back(random.Next(version, pairs_max));
      models_.push_back(models_.back());
      models_.back().Commit(blocks_.back());
      roots_.push_back(models_.back().Root());
    }
  }

  Version versions() const { return static_cast<Version>(blocks_.size()); }
  const OwnedBlock& block(Version version) const {
    return blocks_[static_cast<size_t>(version - 1)];
  }
  const Digest& root(Version version) const { return roots_[static_cast<size_t>(version)]; }
  const ModelStore& model(Version version) const { return models_[static_cast<size_t>(version)]; }
  // The pairs of a module at a version, as a walk gives them.
  Pairs PairsAt(Version version, const std::string& module) const {
    const std::map<std::string, std::string> pairs = model(version).Pairs(module);
    return {pairs.begin(), pairs.end()};
  }
  // Another block for `version`, and the root that it gives after version - 1.
  std::pair<OwnedBlock, Digest> Other(Version version) const {
    RandomBlocks random(seed_ * 1'000'003 + static_cast<uint64_t>(version));
    OwnedBlock block = random.Next(version, pairs_max_);
    block.Set("fork", "at", std::to_string(version));
    ModelStore model = models_[static_cast<size_t>(version - 1)];
    model.Commit(block);
    return {std::move(block), model.Root()};
  }

 private:
  const uint64_t seed_;
  const size_t pairs_max_;
  std::vector<OwnedBlock> blocks_;
  std::vector<ModelStore> models_;
  std::vector<Digest> roots_;
};

// Every module that RandomBlocks writes.
inline const std::vector<std::string>& HistoryModules() {
  static const std::vector<std::string> modules = {"evm", "bank", "staking", "fork"};
  return modules;
}

// Commits the history's versions from the head's successor to `last`.
inline Status CommitTo(Store& store, const History& history, Version last) {
  for (Version version = store.Info().version + 1; version <= last; ++version) {
    ASSIGN_OR_RETURN(const CommitResult result, CommitOwned(store, history.block(version)));
    if (result.root != history.root(version)) {
      return Internal("a commit answered with a wrong root");
    }
  }
  return OkStatus();
}

}  // namespace flatkv::test
