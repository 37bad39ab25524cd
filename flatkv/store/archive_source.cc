#include "flatkv/store/archive_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "flatkv/archive/archive_reader.h"
#include "flatkv/archive/chunk_stream.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/walk_side.h"

namespace flatkv {
namespace {

struct ChunkPlace {
  uint32_t number = 0;
  DataDb db = DataDb::kAccount;
  std::string first_key;
  std::string last_key;
};

// An archive with the places of its chunks, in order of data DB and key.
struct IndexedArchive {
  IndexedArchive(std::unique_ptr<ArchiveReader> opened, size_t hash_threads)
      : reader(std::move(opened)), hasher(reader->manifest().state.suite), threads(hash_threads) {}

  const std::unique_ptr<ArchiveReader> reader;
  const RowHasher hasher;
  const size_t threads;
  std::vector<ChunkPlace> chunks;
};

Status BuildIndex(IndexedArchive* archive) {
  const auto count = static_cast<uint32_t>(archive->reader->manifest().chunks.size());
  for (uint32_t number = 1; number <= count; ++number) {
    ASSIGN_OR_RETURN(const DecodedChunk chunk,
                     DecodeChunk(*archive->reader, number, archive->hasher,
                                 [](const ChunkInfo&) { return false; }));
    if (!archive->chunks.empty() &&
        std::pair(archive->chunks.back().db, archive->chunks.back().last_key) >=
            std::pair(chunk.info.db, chunk.info.first_key)) {
      return WithReason(
          DataLoss(fmt::format("archive, chunk {}: its keys are not above those of the chunk "
                               "before",
                               number)),
          Reason::kArchiveCorrupt);
    }
    archive->chunks.push_back({number, chunk.info.db, chunk.info.first_key, chunk.info.last_key});
  }
  return OkStatus();
}

class ArchiveSide final : public WalkSide {
 public:
  ArchiveSide(std::shared_ptr<const IndexedArchive> archive, GoOn go_on)
      : WalkSide(archive->hasher, archive->threads),
        archive_(std::move(archive)),
        go_on_(std::move(go_on)) {}

  StatusOr<SideState> State() override {
    const ArchiveManifest& manifest = archive_->reader->manifest();
    SideState state{manifest.state.version, manifest.state.root, manifest.state.suite, {}, {}};
    for (const DataDb db : kAllDataDbs) {
      const SnapshotDb& recorded = manifest.dbs[IndexOf(db)];
      DbSums& sums = state.sums[IndexOf(db)];
      sums.total = {recorded.checksum, recorded.rows, recorded.bytes};
      for (const SnapshotModule& module : recorded.modules) {
        sums.modules[module.name] = {module.checksum, module.rows, module.bytes};
      }
    }
    return state;
  }

  StatusOr<std::vector<std::optional<StoredValue>>> Values(DataDb db,
                                                           std::span<const std::string> keys,
                                                           uint64_t bytes_max) override {
    RETURN_IF_ERROR(CheckKeyCount(keys.size()));
    std::vector<std::optional<StoredValue>> values;
    for (const std::string& key : keys) {
      std::optional<StoredValue>& value = values.emplace_back();
      const auto place = FirstWith(db, key);
      if (place == archive_->chunks.end() || place->db != db || place->first_key > key) {
        continue;
      }
      ASSIGN_OR_RETURN(const ChunkRows* const chunk, RowsOf(place->number));
      const auto row = std::lower_bound(
          chunk->rows.begin(), chunk->rows.end(), key,
          [](const ChunkRow& at, const std::string& wanted) { return at.key < wanted; });
      if (row != chunk->rows.end() && row->key == key) {
        value = {row->value.size(), std::string(row->value.substr(0, bytes_max))};
      }
    }
    return values;
  }

 private:
  using Places = std::vector<ChunkPlace>;

  // The first chunk that ends at or behind `key`.
  Places::const_iterator FirstWith(DataDb db, const std::string& key) const {
    return std::lower_bound(archive_->chunks.begin(), archive_->chunks.end(), std::pair(db, key),
                            [](const ChunkPlace& place, const std::pair<DataDb, std::string>& at) {
                              return std::pair(place.db, place.last_key) < at;
                            });
  }

  // Keeps the chunk read last: keys come in order.
  StatusOr<const ChunkRows*> RowsOf(uint32_t number) {
    if (go_on_ != nullptr && !go_on_()) {
      return Cancelled("the walk was cancelled");
    }
    if (number != held_number_) {
      held_number_ = 0;
      ASSIGN_OR_RETURN(DecodedChunk chunk, DecodeChunk(*archive_->reader, number, archive_->hasher,
                                                       [](const ChunkInfo&) { return true; }));
      held_ = std::move(chunk.rows);
      held_number_ = number;
    }
    return &held_;
  }

  Status Walk(const RowRange& range, const UseRow& use) override {
    for (auto place = FirstWith(range.db, range.first);
         place != archive_->chunks.end() && place->db == range.db &&
         (range.last.empty() || place->first_key < range.last);
         ++place) {
      ASSIGN_OR_RETURN(const ChunkRows* const chunk, RowsOf(place->number));
      for (const ChunkRow& row : chunk->rows) {
        if (!range.last.empty() && row.key >= range.last) {
          break;
        }
        if (row.key >= range.first) {
          RETURN_IF_ERROR(use(row.key, row.value));
        }
      }
    }
    return OkStatus();
  }

  const std::shared_ptr<const IndexedArchive> archive_;
  const GoOn go_on_;
  uint32_t held_number_ = 0;  // 0: none
  ChunkRows held_;
};

class ArchiveSource final : public StateSource {
 public:
  explicit ArchiveSource(std::shared_ptr<const IndexedArchive> archive)
      : archive_(std::move(archive)) {}

  StatusOr<VersionRanges> Ranges() override {
    const ArchiveState& state = archive_->reader->manifest().state;
    VersionRanges ranges;
    ranges.suite = state.suite;
    ranges.oldest_retained = state.version;
    ranges.head = state.version;
    return ranges;
  }

  StatusOr<std::unique_ptr<CompareSide>> SideAt(Version version, const GoOn& go_on) override {
    const Version held = archive_->reader->manifest().state.version;
    if (version != held) {
      return WithReason(
          OutOfRange(fmt::format("the archive holds version {}, not {}", held, version)),
          version > held ? Reason::kVersionAboveHead : Reason::kVersionUnreachable);
    }
    return std::make_unique<ArchiveSide>(archive_, go_on);
  }

 private:
  const std::shared_ptr<const IndexedArchive> archive_;
};

}  // namespace

StatusOr<std::unique_ptr<StateSource>> OpenArchiveSource(FileSystem& fs, const std::string& path,
                                                         size_t threads) {
  ASSIGN_OR_RETURN(std::unique_ptr<ArchiveReader> reader, ArchiveReader::Open(fs, path));
  const auto archive = std::make_shared<IndexedArchive>(std::move(reader), threads);
  RETURN_IF_ERROR(Annotate(BuildIndex(archive.get()), path));
  return std::make_unique<ArchiveSource>(archive);
}

}  // namespace flatkv
