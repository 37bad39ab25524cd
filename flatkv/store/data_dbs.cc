#include "flatkv/store/data_dbs.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/base/endian.h"
#include "flatkv/codec/meta_keys.h"
#include "flatkv/engine/leveldb_engine.h"
#include "flatkv/fs/path.h"

namespace flatkv {
namespace {

Status BadMetadata(DataDb db, std::string_view what) {
  return WithReason(
      DataLoss(fmt::format(
          "data DB {}: {}; the working data DBs are rebuilt from the changelog if the directory "
          "working/{} is moved away",
          NameOf(db), what, NameOf(db))),
      Reason::kDataDbCorrupt);
}

// Reads one record under _meta/ into *loaded.
Status LoadRecord(DataDb db, std::string_view key, std::string_view value, bool* has_hash,
                  LoadedDb* loaded) {
  if (key == kMetaVersionKey && value.size() == 8) {
    loaded->version = static_cast<Version>(LoadBe64(value.data()));
    return OkStatus();
  }
  if (key == kMetaHashKey && value.size() == LtHash::kSizeBytes) {
    loaded->state.total.hash = LtHash::FromBytes(value);
    *has_hash = true;
    return OkStatus();
  }
  const std::optional<MetaModuleKey> parsed = ParseMetaModuleKey(key);
  if (parsed.has_value()) {
    ModuleState& module = loaded->state.modules[std::string(parsed->module)];
    if (parsed->record == MetaModuleRecord::kHash && value.size() == LtHash::kSizeBytes) {
      module.hash = LtHash::FromBytes(value);
      return OkStatus();
    }
    if (parsed->record == MetaModuleRecord::kStats && value.size() == 16) {
      DecodeStats(value, &module.rows, &module.bytes);
      return OkStatus();
    }
  }
  return BadMetadata(db, fmt::format("metadata record {} has an unexpected name or length", key));
}

// The writes of one batch, with the bytes that it makes for them.
class BatchBuilder {
 public:
  explicit BatchBuilder(size_t rows) { writes_.reserve(rows + 8); }

  void Put(std::string_view key, std::string_view value) {
    writes_.push_back({arena_.Copy(key), arena_.Copy(value), false});
  }
  void Remove(std::string_view key) { writes_.push_back({arena_.Copy(key), {}, true}); }
  void PutVersion(Version version) {
    std::string bytes;
    AppendBe64(&bytes, static_cast<uint64_t>(version));
    Put(kMetaVersionKey, bytes);
  }
  void PutModule(std::string_view name, const ModuleState& module) {
    Put(MetaModuleHashKey(name), module.hash.bytes());
    Put(MetaModuleStatsKey(name), EncodeStats(module.rows, module.bytes));
  }
  void AddRows(const RowChanges& rows) {
    for (const RowChange& row : rows) {
      writes_.push_back({row.key, row.value, row.removed});
    }
  }
  const std::vector<EngineWrite>& writes() const { return writes_; }

 private:
  std::vector<EngineWrite> writes_;
  Arena arena_;
};

}  // namespace

DataDbs::DataDbs() = default;
DataDbs::~DataDbs() = default;

StatusOr<std::unique_ptr<DataDbs>> DataDbs::Open(FileSystem& fs, BackgroundThreads& threads,
                                                 Logger& logger, const std::string& directory,
                                                 const StoreOptions& options,
                                                 CompactionStart compactions,
                                                 std::function<Status()> before_flush) {
  std::unique_ptr<DataDbs> dbs(new DataDbs());
  dbs->block_cache_ = NewBlockCache(options.block_cache_bytes);
  for (const DataDb db : kAllDataDbs) {
    LevelDbEngineOptions engine_options;
    // Byte code is written rarely.
    engine_options.write_buffer_bytes =
        db == DataDb::kCode ? options.write_buffer_bytes / 4 : options.write_buffer_bytes;
    engine_options.max_file_bytes = options.max_file_bytes;
    engine_options.max_open_files = options.max_open_files;
    engine_options.compression = options.compression;
    engine_options.hold_compactions = compactions == CompactionStart::kReleased;
    engine_options.block_cache = dbs->block_cache_.get();
    engine_options.before_flush_is_durable = before_flush;
    auto engine =
        OpenLevelDbEngine(fs, threads, logger, JoinPath(directory, NameOf(db)), engine_options);
    if (!engine.ok()) {
      return Annotate(engine.status(), fmt::format("opening data DB {}", NameOf(db)));
    }
    dbs->engines_[IndexOf(db)] = *std::move(engine);
  }
  return dbs;
}

StatusOr<LoadedDb> DataDbs::Load(DataDb db) {
  const std::unique_ptr<KvIterator> rows = (*this)[db].NewIterator();
  return LoadFrom(db, *rows);
}

StatusOr<LoadedDb> DataDbs::LoadFrom(DataDb db, KvIterator& rows) {
  LoadedDb loaded;
  bool has_hash = false;
  for (rows.Seek(kMetaPrefix); rows.Valid() && IsMetaKey(rows.key()); rows.Next()) {
    RETURN_IF_ERROR(LoadRecord(db, rows.key(), rows.value(), &has_hash, &loaded));
  }
  RETURN_IF_ERROR(rows.status());
  LtHash sum;
  for (const auto& [name, module] : loaded.state.modules) {
    sum += module.hash;
    loaded.state.total.rows += module.rows;
    loaded.state.total.bytes += module.bytes;
  }
  if (sum != loaded.state.total.hash) {
    return BadMetadata(db, "the module hashes do not add up to the DB's hash");
  }
  if (has_hash && loaded.version == 0) {
    return BadMetadata(db, "there is a hash but no version");
  }
  return loaded;
}

Status DataDbs::Write(DataDb db, Version version, const RowChanges& rows,
                      const DbMetadata* metadata) {
  BatchBuilder batch(rows.size());
  batch.PutVersion(version);
  if (metadata != nullptr) {
    batch.Put(kMetaHashKey, metadata->hash.bytes());
    for (const auto& [name, module] : metadata->modules) {
      batch.PutModule(name, module);
    }
  }
  batch.AddRows(rows);
  return Annotate((*this)[db].Write(batch.writes(), version),
                  fmt::format("data DB {}", NameOf(db)));
}

Status DataDbs::WriteUndo(DataDb db, Version version, const DbUndo& undo, const DbState& undone) {
  BatchBuilder batch(undo.rows.size());
  batch.PutVersion(version);
  if (undone.modules.empty()) {
    batch.Remove(kMetaHashKey);
  } else {
    batch.Put(kMetaHashKey, undone.total.hash.bytes());
  }
  for (const auto& [name, before] : undo.modules) {
    if (before.has_value()) {
      batch.PutModule(name, *before);
    } else {
      batch.Remove(MetaModuleHashKey(name));
      batch.Remove(MetaModuleStatsKey(name));
    }
  }
  batch.AddRows(undo.rows);
  return Annotate((*this)[db].Write(batch.writes(), version),
                  fmt::format("data DB {}", NameOf(db)));
}

Status DataDbs::Flush() {
  for (const DataDb db : kAllDataDbs) {
    RETURN_IF_ERROR(Annotate((*this)[db].Flush(), fmt::format("data DB {}", NameOf(db))));
  }
  return OkStatus();
}

Status DataDbs::Close() {
  Status first;
  for (const DataDb db : kAllDataDbs) {
    if (engines_[IndexOf(db)] != nullptr) {
      first.Update(Annotate(engines_[IndexOf(db)]->Close(), fmt::format("data DB {}", NameOf(db))));
    }
  }
  return first;
}

void DataDbs::ReleaseCompactions() {
  for (const std::unique_ptr<KvEngine>& engine : engines_) {
    engine->ReleaseCompactions();
  }
}

uint64_t DataDbs::Level0TablesMost() {
  uint64_t most = 0;
  for (const std::unique_ptr<KvEngine>& engine : engines_) {
    most = std::max(most, engine->Level0Tables());
  }
  return most;
}

CompactionDebt DataDbs::Debt() {
  CompactionDebt sum;
  for (const std::unique_ptr<KvEngine>& engine : engines_) {
    const CompactionDebt debt = engine->Debt();
    sum.level0_tables = std::max(sum.level0_tables, debt.level0_tables);
    sum.table_bytes += debt.table_bytes;
    sum.bytes += debt.bytes;
  }
  return sum;
}

EngineStats DataDbs::Stats() {
  EngineStats sum;
  for (const std::unique_ptr<KvEngine>& engine : engines_) {
    const EngineStats stats = engine->Stats();
    sum.bytes_on_disk += stats.bytes_on_disk;
    sum.files += stats.files;
    sum.memtable_bytes += stats.memtable_bytes;
    sum.bytes_written += stats.bytes_written;
  }
  return sum;
}

}  // namespace flatkv
