// A block's changes as the caller names them: modules, keys, values. Views only; whoever made them
// owns the bytes.
#pragma once

#include <string_view>
#include <vector>

namespace flatkv {

struct KvPair {
  std::string_view key;
  std::string_view value;  // ignored when remove is set
  bool remove = false;
};

// The pairs of one module, in the order in which the node wrote them: the last write of a key wins.
struct NamedChangeSet {
  std::string_view module;
  std::vector<KvPair> pairs;
};

using ChangeSets = std::vector<NamedChangeSet>;

}  // namespace flatkv
