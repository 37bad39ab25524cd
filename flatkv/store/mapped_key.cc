#include "flatkv/store/mapped_key.h"

#include "flatkv/base/hex.h"
#include "flatkv/codec/rows.h"

namespace flatkv {

StatusOr<MappedKey> MapKey(const KeyRef& key) {
  RETURN_IF_ERROR(ValidateModule(key.module));
  RETURN_IF_ERROR(ValidateKey(key.module, key.key));
  return MappedKey{TargetOf(key.module, key.key), PhysicalKey(key.module, key.key)};
}

StatusOr<std::optional<std::string>> ValueOf(const MappedKey& key, std::string_view row) {
  RETURN_IF_ERROR(Annotate(ValidateRow(key.target.db, row), HexEncode(key.physical)));
  std::optional<std::string> value;
  if (!RowValue(key.target.field, row, &value.emplace())) {
    value.reset();
  }
  return value;
}

}  // namespace flatkv
