#include "config/config_keys.h"

#include <span>
#include <vector>

#include "config/key_tables.h"

namespace flatkv {

std::span<const KeySpec> ConfigKeys() {
  static const std::vector<KeySpec> keys = [] {
    std::vector<KeySpec> all;
    for (const std::span<const KeySpec> table :
         {StoreKeys(), HistoryKeys(), UpkeepKeys(), ServiceKeys()}) {
      all.insert(all.end(), table.begin(), table.end());
    }
    return all;
  }();
  return keys;
}

}  // namespace flatkv
