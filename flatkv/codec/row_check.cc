#include "flatkv/codec/row_check.h"

#include <fmt/format.h>

#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"

namespace flatkv {

StatusOr<DataDb> DataDbOfPhysicalKey(std::string_view physical_key) {
  if (physical_key.find('/') == std::string_view::npos) {
    return DataLoss("the key has no module: there is no '/' in it");
  }
  const std::string_view module = ModuleOf(physical_key);
  const std::string_view key = KeyInModule(physical_key);
  Status status = ValidateModule(module);
  if (status.ok()) {
    status = ValidateKey(module, key);
  }
  if (!status.ok()) {
    return DataLoss(MessageOf(status));
  }
  const RowTarget target = TargetOf(module, key);
  if (target.field == Field::kCodeHash) {
    return DataLoss("a code hash has no row of its own: it is in the account's");
  }
  return target.db;
}

Status CheckStoredRow(DataDb db, std::string_view row, Version version_max) {
  if (const Status status = ValidateRow(db, row); !status.ok()) {
    return DataLoss(MessageOf(status));
  }
  if (const Version version = RowVersion(row); version < 1 || version > version_max) {
    return DataLoss(
        fmt::format("the row is of version {}, the state of version {}", version, version_max));
  }
  const bool says_absent = db == DataDb::kAccount
                               ? DecodeAccountRow(row).IsZero()
                               : ValueRemovesRow(db, row.substr(kRowHeaderBytes));
  return says_absent ? DataLoss("the row holds what is stored as no row") : OkStatus();
}

}  // namespace flatkv
