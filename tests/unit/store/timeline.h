// A sequence of versions from 1 with the reference's state after each: what a store's whole history
// must be equal to.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/store/history.h"

namespace flatkv::test {

class Timeline {
 public:
  // The first `last` versions of `history`.
  Timeline(const History& history, Version last) {
    models_.push_back(history.model(0));
    roots_.push_back(history.root(0));
    for (Version version = 1; version <= last; ++version) {
      blocks_.push_back(history.block(version));
      models_.push_back(history.model(version));
      roots_.push_back(history.root(version));
    }
  }

  Timeline UpTo(Version last) const {
    Timeline prefix = *this;
    const auto count = static_cast<size_t>(last);
    prefix.blocks_.erase(prefix.blocks_.begin() + static_cast<ptrdiff_t>(count),
                         prefix.blocks_.end());
    prefix.models_.erase(prefix.models_.begin() + static_cast<ptrdiff_t>(count + 1),
                         prefix.models_.end());
    prefix.roots_.resize(count + 1);
    return prefix;
  }
  // Adds a version that no other timeline has.
  void AppendFresh(const std::string& mark) {
    OwnedBlock block(head() + 1);
    block.Set("fork", "at", fmt::format("{} {}", mark, head() + 1));
    block.Set("evm", "\x0a" + std::string(20, '\x01'), std::string(7, '\0') + '\x7f');
    block.Remove("bank", "k");
    ModelStore model = models_.back();
    model.Commit(block);
    blocks_.push_back(std::move(block));
    roots_.push_back(model.Root());
    models_.push_back(std::move(model));
  }

  // 0 when empty.
  Version head() const { return static_cast<Version>(blocks_.size()); }
  const OwnedBlock& block(Version version) const {
    return blocks_[static_cast<size_t>(version - 1)];
  }
  const Digest& root(Version version) const { return roots_[static_cast<size_t>(version)]; }
  const ModelStore& model(Version version) const { return models_[static_cast<size_t>(version)]; }

 private:
  std::vector<OwnedBlock> blocks_;
  std::vector<ModelStore> models_;
  std::vector<Digest> roots_;
};

// What a store may be after something happened to it: one history, with its head at any version
// from `oldest_head` on.
struct Outcome {
  std::string name;
  std::shared_ptr<const Timeline> timeline;
  Version oldest_head = 0;
  // What else must hold of the opened store; null: nothing.
  std::function<bool(Store&)> fits = nullptr;
};

// An outcome whose head is the timeline's last version.
inline Outcome ExactOutcome(std::string name, Timeline timeline) {
  const Version head = timeline.head();
  return {std::move(name), std::make_shared<const Timeline>(std::move(timeline)), head, nullptr};
}

}  // namespace flatkv::test
