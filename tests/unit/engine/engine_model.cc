#include "tests/unit/engine/engine_model.h"

#include <fmt/format.h>

#include "flatkv/base/check.h"

namespace flatkv::test {

std::string History::RandomKey() { return fmt::format("key/{:06}", Pick(keys_)); }

const Changes& History::Extend(size_t rows) {
  const Version version = head() + 1;
  Changes changes;
  changes[kVersionKey] = std::to_string(version);
  for (size_t i = 0; i < rows; ++i) {
    std::optional<std::string>& value = changes[RandomKey()];
    value.reset();
    if (Pick(4) != 0) {
      value = fmt::format("{}:", version);
      // Half of the bytes do not compress.
      for (size_t byte = 0; byte < 40; ++byte) {
        value->push_back(static_cast<char>(random_()));
        value->push_back('x');
      }
    }
  }
  batches_.push_back(std::move(changes));
  return batches_.back();
}

const Rows& History::At(Version version) {
  FLATKV_CHECK(version >= 0 && version <= head());
  if (version < rows_version_) {
    rows_.clear();
    rows_version_ = 0;
  }
  for (; rows_version_ < version; ++rows_version_) {
    for (const auto& [key, value] : batches_[static_cast<size_t>(rows_version_)]) {
      if (value.has_value()) {
        rows_[key] = *value;
      } else {
        rows_.erase(key);
      }
    }
  }
  return rows_;
}

LevelDbEngineOptions SmallOptions() {
  LevelDbEngineOptions options;
  options.write_buffer_bytes = 64 << 10;
  options.max_file_bytes = 1 << 20;
  options.max_open_files = 100;
  return options;
}

Status WriteChanges(KvEngine& engine, const Changes& changes, Version version) {
  std::vector<EngineWrite> writes;
  for (const auto& [key, value] : changes) {
    EngineWrite write;
    write.key = key;
    write.remove = !value.has_value();
    if (value.has_value()) {
      write.value = *value;
    }
    writes.push_back(write);
  }
  return engine.Write(writes, version);
}

StatusOr<Rows> ReadAll(KvEngine& engine) {
  Rows rows;
  const std::unique_ptr<KvIterator> iterator = engine.NewIterator();
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    rows.emplace_hint(rows.end(), iterator->key(), iterator->value());
  }
  RETURN_IF_ERROR(iterator->status());
  return rows;
}

Version VersionOf(const Rows& rows) {
  const auto row = rows.find(kVersionKey);
  return row == rows.end() ? 0 : std::stoll(row->second);
}

}  // namespace flatkv::test
