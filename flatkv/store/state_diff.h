// What changed between two versions, as a reader of keys sees it. Two ways, one answer: the keys
// that the changelog names are read at both versions, or, when they are too many or the changelog
// does not have them, both states are walked side by side.
//
// Changes come by module name, then by key, both bytewise. A key whose value is the same at both
// versions is not a change, whatever was written in between.
//
// Thread safety: functions of their arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/store/arena.h"
#include "flatkv/store/state_reader.h"
#include "flatkv/store/store.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

// Keys by module and key, each once.
struct ChangedKeys {
  std::vector<KeyRef> keys;
  Arena bytes;
};

// The keys that the versions of `reader` write, of `module` only unless it is empty. Of an account
// row both keys count. nullopt when they take more than `bytes_max`. Errors: those of the reader;
// kCancelled.
StatusOr<std::optional<ChangedKeys>> CollectChangedKeys(WalReader& reader, std::string_view module,
                                                        uint64_t bytes_max, const GoOn& go_on);

Status DiffByKeys(StoreView& before, StoreView& after, const ChangedKeys& keys,
                  const OnKeyChange& use, const GoOn& go_on);
// Walks the modules that are named.
Status DiffByWalk(StoreView& before, StoreView& after, const std::set<std::string>& modules,
                  const OnKeyChange& use, const GoOn& go_on);

}  // namespace flatkv
