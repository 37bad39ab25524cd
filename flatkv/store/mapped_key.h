// A key of a read, mapped to its row.
#pragma once

#include <string>

#include "flatkv/codec/keys.h"
#include "flatkv/store/store.h"

namespace flatkv {

struct MappedKey {
  RowTarget target;
  std::string physical;
};

// Errors: kInvalidArgument for a module name or key that no pair could have.
StatusOr<MappedKey> MapKey(const KeyRef& key);
// What a stored row says of the key; nullopt if it has no such field. Errors: kDataLoss.
StatusOr<std::optional<std::string>> ValueOf(const MappedKey& key, std::string_view row);

}  // namespace flatkv
