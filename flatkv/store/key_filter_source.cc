#include "flatkv/store/key_filter_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "flatkv/base/thread_pool.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/filter/filter_file.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/classify.h"

namespace flatkv {
namespace {

// Room for a store to grow before lookups cost a second cache miss.
constexpr uint64_t kSpareKeys = uint64_t{1} << 20;
// Above this share of keys that are gone a scan makes a smaller, sharper filter.
constexpr uint64_t kStaleShareMax = 2;
constexpr uint64_t kBitsPerKey = 12;

std::string PathOf(const std::string& directory) { return JoinPath(directory, kKeyFilterName); }

// The same for every filter of a store, so that a hash stays good.
uint64_t SeedOf(const Identity& identity) {
  uint64_t seed = 0;
  std::from_chars(identity.store_id.data(), identity.store_id.data() + 16, seed, 16);
  return seed;
}

// Why the file is of no use for these DBs; empty if it is.
std::string Defect(const LoadedFilter& loaded, const Identity& identity, const Wal& changelog,
                   Version lowest, Version highest, uint64_t rows) {
  const Version version = loaded.info.version;
  if (loaded.info.store_id != identity.store_id) {
    return "it is of another store";
  }
  if (loaded.filter->seed() != SeedOf(identity)) {
    return "it has another seed";
  }
  if (version > lowest) {
    return fmt::format("it is of version {}, and a data DB stands at {}", version, lowest);
  }
  if (version < highest && (changelog.empty() || changelog.first_version() > version + 1)) {
    return fmt::format("it is of version {}, and the changelog begins at {}", version,
                       changelog.first_version());
  }
  if (loaded.filter->keys() / kStaleShareMax > rows + kSpareKeys) {
    return "most of its keys are gone";
  }
  return "";
}

}  // namespace

StatusOr<KeyFilterStart> OpenKeyFilter(FileSystem& fs, Logger& logger, const std::string& directory,
                                       const Identity& identity, const Wal& changelog,
                                       const std::array<Version, kDataDbs>& db_versions,
                                       uint64_t rows, uint64_t bytes_max) {
  KeyFilterStart start;
  const std::string path = PathOf(directory);
  if (bytes_max == 0) {
    RETURN_IF_ERROR(RemoveFileDurably(fs, path));
    return start;
  }
  const auto [lowest, highest] = std::minmax_element(db_versions.begin(), db_versions.end());
  StatusOr<LoadedFilter> loaded = ReadFilterFile(fs, path, bytes_max);
  if (loaded.ok()) {
    const std::string defect = Defect(*loaded, identity, changelog, *lowest, *highest, rows);
    if (defect.empty()) {
      start.filter = std::move(loaded->filter);
      start.first = loaded->info.version + 1;
      start.last = *highest;
      start.gap = start.first > start.last ? FilterGap::kNone : FilterGap::kChangelog;
      return start;
    }
    logger.Log(LogLevel::kInfo, "filter.dropped", fmt::format("{}: {}", path, defect));
  } else if (!IsNotFound(loaded.status())) {
    logger.Log(LogLevel::kWarning, "filter.dropped",
               fmt::format("the key filter is made anew: {}", MessageOf(loaded.status())));
  }
  // It must not fit a later state by chance.
  RETURN_IF_ERROR(RemoveFileDurably(fs, path));
  KeyFilterOptions options;
  options.seed = SeedOf(identity);
  options.expected_keys =
      std::min(rows + rows / 2 + kSpareKeys, std::max(rows, bytes_max * 8 / kBitsPerKey));
  options.size_bytes_max = bytes_max;
  ASSIGN_OR_RETURN(start.filter, KeyFilter::Create(options));
  start.gap =
      rows == 0 && *highest < identity.initial_version ? FilterGap::kNone : FilterGap::kEverything;
  return start;
}

void SaveKeyFilter(FileSystem& fs, Logger& logger, const std::string& directory,
                   const Identity& identity, const StoredRows& rows, Version version) {
  if (rows.filter_state() != StoredRows::FilterState::kComplete) {
    return;
  }
  const Status saved =
      WriteFilterFile(fs, PathOf(directory), *rows.filter(), {identity.store_id, version});
  if (!saved.ok()) {
    logger.Log(LogLevel::kWarning, "filter.not_saved",
               fmt::format("the next open scans the data DBs: {}", MessageOf(saved)));
  }
}

Status RemoveKeyFilterFile(FileSystem& fs, const std::string& directory) {
  return RemoveFileDurably(fs, PathOf(directory));
}

KeyFilterBuilder::KeyFilterBuilder(StoredRows& rows, DataDbs& dbs, Wal& changelog, Logger& logger,
                                   FilterGap gap, Version first, Version last)
    : rows_(rows), dbs_(dbs), changelog_(changelog), first_(first), last_(last) {
  thread_ = std::thread([this, &logger, gap] {
    SetThreadName("fkv-filter");
    const auto start = std::chrono::steady_clock::now();
    const Status filled = gap == FilterGap::kChangelog ? AddFromChangelog() : AddFromDbs();
    if (stopping_) {
      return;
    }
    if (!filled.ok()) {
      logger.Log(LogLevel::kWarning, "filter.failed",
                 fmt::format("there is no key filter until the store is opened again: {}",
                             MessageOf(filled)));
      return;
    }
    rows_.FilterIsComplete();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    logger.Log(LogLevel::kInfo, "filter.ready",
               fmt::format("{} keys, {} bytes, {:.2f} s", rows_.filter()->keys(),
                           rows_.filter()->size_bytes(), seconds.count()));
  });
}

KeyFilterBuilder::~KeyFilterBuilder() {
  stopping_ = true;
  thread_.join();
}

Status KeyFilterBuilder::AddFromDbs() {
  KeyFilter& filter = *rows_.filter();
  for (const DataDb db : kAllDataDbs) {
    // What is written after this goes in by StoredRows::Wrote.
    const std::unique_ptr<KvIterator> row = dbs_[db].NewIterator();
    for (row->SeekToFirst(); row->Valid() && !stopping_; row->Next()) {
      filter.Add(filter.HashOf(db, row->key()));
    }
    RETURN_IF_ERROR(row->status());
  }
  return OkStatus();
}

Status KeyFilterBuilder::AddFromChangelog() {
  KeyFilter& filter = *rows_.filter();
  ASSIGN_OR_RETURN(const std::unique_ptr<WalReader> reader, changelog_.NewReader(first_, last_));
  while (!stopping_) {
    ASSIGN_OR_RETURN(const bool has_record, reader->Next());
    if (!has_record) {
      break;
    }
    ASSIGN_OR_RETURN(const ChangelogEntryView entry, DecodeChangelogEntry(reader->payload()));
    ASSIGN_OR_RETURN(const ClassifiedChanges classified,
                     Classify(reader->info().version, entry.changes, NoLimits()));
    for (const DataDb db : kAllDataDbs) {
      for (const RowUpdate& update : classified.updates[IndexOf(db)]) {
        filter.Add(filter.HashOf(db, update.key));
      }
    }
  }
  return OkStatus();
}

}  // namespace flatkv
