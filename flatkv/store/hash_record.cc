#include "flatkv/store/hash_record.h"

#include <algorithm>
#include <limits>

#include "flatkv/base/endian.h"
#include "flatkv/store/sums_of.h"

namespace flatkv {
namespace {

constexpr size_t kModuleFixedBytes = 4 + sizeof(Digest) + 8 + 8;

Status Malformed() { return DataLoss("a record of the hash log is malformed"); }

void AppendDb(const DbSumsChange& db, std::string* out) {
  out->append(AsBytes(db.checksum));
  AppendLe32(out, static_cast<uint32_t>(db.modules.size()));
  for (const auto& [name, sums] : db.modules) {
    AppendLe32(out, static_cast<uint32_t>(name.size()));
    out->append(name);
    out->append(AsBytes(sums.checksum));
    AppendLe64(out, sums.rows);
    AppendLe64(out, sums.bytes);
  }
}

// Takes fields off the front; nothing once one is not there.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  std::string_view rest() const { return rest_; }
  std::optional<std::string_view> Take(size_t size) {
    if (size > rest_.size()) {
      return std::nullopt;
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

 private:
  std::string_view rest_;
};

Digest DigestOf(std::string_view bytes) {
  Digest digest;
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

StatusOr<DbSumsChange> TakeDb(Fields* fields) {
  DbSumsChange db;
  const auto fixed = fields->Take(sizeof(Digest) + 4);
  if (!fixed.has_value()) {
    return Malformed();
  }
  db.checksum = DigestOf(fixed->substr(0, sizeof(Digest)));
  for (uint32_t left = LoadLe32(fixed->data() + sizeof(Digest)); left > 0; --left) {
    const auto name_bytes = fields->Take(4);
    const auto name =
        name_bytes.has_value() ? fields->Take(LoadLe32(name_bytes->data())) : std::nullopt;
    const auto sums = name.has_value() ? fields->Take(kModuleFixedBytes - 4) : std::nullopt;
    if (!sums.has_value()) {
      return Malformed();
    }
    const char* const numbers = sums->data() + sizeof(Digest);
    db.modules.emplace_back(std::string(*name), RowSums{DigestOf(sums->substr(0, sizeof(Digest))),
                                                        LoadLe64(numbers), LoadLe64(numbers + 8)});
  }
  return db;
}

}  // namespace

std::string EncodeHashRecord(const HashRecord& record) {
  std::string out(1, static_cast<char>(record.kind));
  if (record.kind == HashRecordKind::kRootOnly) {
    return out;
  }
  for (const std::optional<DbSumsChange>& db : record.dbs) {
    out.push_back(db.has_value() ? 1 : 0);
    if (db.has_value()) {
      AppendDb(*db, &out);
    }
  }
  return out;
}

StatusOr<HashRecord> DecodeHashRecord(std::string_view bytes) {
  Fields fields(bytes);
  const auto kind = fields.Take(1);
  if (!kind.has_value() || static_cast<uint8_t>(kind->front()) > 2) {
    return Malformed();
  }
  HashRecord record;
  record.kind = static_cast<HashRecordKind>(kind->front());
  if (record.kind != HashRecordKind::kRootOnly) {
    for (std::optional<DbSumsChange>& db : record.dbs) {
      const auto is_there = fields.Take(1);
      if (!is_there.has_value() || static_cast<uint8_t>(is_there->front()) > 1 ||
          (record.kind == HashRecordKind::kAll && is_there->front() == 0)) {
        return Malformed();
      }
      if (is_there->front() != 0) {
        ASSIGN_OR_RETURN(db, TakeDb(&fields));
      }
    }
  }
  return fields.rest().empty() ? StatusOr<HashRecord>(std::move(record)) : Malformed();
}

HashRecord AllOf(const StateSums& sums) {
  HashRecord record;
  record.kind = HashRecordKind::kAll;
  for (const DataDb db : kAllDataDbs) {
    const DbSums& from = sums[IndexOf(db)];
    record.dbs[IndexOf(db)] = {from.total.checksum, {from.modules.begin(), from.modules.end()}};
  }
  return record;
}

void ApplyHashRecord(const HashRecord& record, StateSums* sums) {
  for (const DataDb db : kAllDataDbs) {
    const std::optional<DbSumsChange>& change = record.dbs[IndexOf(db)];
    if (!change.has_value()) {
      continue;
    }
    DbSums& to = (*sums)[IndexOf(db)];
    if (record.kind == HashRecordKind::kAll) {
      to.modules.clear();
    }
    to.total.checksum = change->checksum;
    for (const auto& [name, module] : change->modules) {
      if (module.rows != 0) {
        to.modules.insert_or_assign(name, module);
      } else if (const auto it = to.modules.find(name); it != to.modules.end()) {
        to.modules.erase(it);
      }
    }
    AddUpModules(&to);
  }
}

}  // namespace flatkv
