// One version of a change-log file: the version and its change sets, with the bytes that they view.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"

namespace flatkv::cli {

// Movable; a move keeps every view valid, because the bytes live in one allocation that never
// grows.
class Block {
 public:
  Block() = default;
  Block(Version version, std::vector<char> bytes, ChangeSets changes)
      : version_(version), bytes_(std::move(bytes)), changes_(std::move(changes)) {}
  Block(Block&&) = default;
  Block& operator=(Block&&) = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  Version version() const { return version_; }
  const ChangeSets& changes() const { return changes_; }
  size_t size_bytes() const { return bytes_.size(); }
  size_t updates() const {
    size_t count = 0;
    for (const NamedChangeSet& change_set : changes_) {
      count += change_set.pairs.size();
    }
    return count;
  }

 private:
  Version version_ = 0;
  std::vector<char> bytes_;
  ChangeSets changes_;
};

}  // namespace flatkv::cli
