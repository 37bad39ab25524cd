#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "flatkv/archive/archive_export.h"
#include "flatkv/archive/chunk_cutter.h"
#include "flatkv/archive/chunk_stream.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/sei/row_sums.h"
#include "flatkv/sei/sei_stream.h"

namespace flatkv {
namespace {

constexpr uint64_t kRowsBetweenProgress = 1024;

// Tells now and then how far a reader is.
class ReadProgress {
 public:
  ReadProgress(std::string_view phase, const SeiRowReader& reader, const OnSeiProgress& on_progress)
      : phase_(phase), reader_(reader), on_progress_(on_progress) {}

  Status Row() {
    return ++rows_ % kRowsBetweenProgress != 0 || on_progress_ == nullptr ||
                   on_progress_({phase_, reader_.bytes_read(), reader_.bytes_total()})
               ? OkStatus()
               : Cancelled("the conversion was cancelled");
  }

 private:
  const std::string_view phase_;
  const SeiRowReader& reader_;
  const OnSeiProgress& on_progress_;
  uint64_t rows_ = 0;
};

Status CheckVersions(const FromSeiOptions& options) {
  const bool can_be = options.initial_version >= 1 && options.version >= options.initial_version &&
                      options.version < std::numeric_limits<Version>::max();
  return can_be ? OkStatus()
                : InvalidArgument(fmt::format("version {} of a store whose first version is {}",
                                              options.version, options.initial_version));
}

StatusOr<std::unique_ptr<SeiRowReader>> OpenStream(FileSystem& fs, const FromSeiOptions& options) {
  return SeiRowReader::Open(fs, options.from, options.version, options.part_bytes);
}

// The first reading: everything is checked, and summed up.
StatusOr<FromSeiReport> ReadSums(FileSystem& fs, const FromSeiOptions& options,
                                 const RowHasher& hasher, const OnSeiProgress& on_progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SeiRowReader> reader, OpenStream(fs, options));
  ReadProgress progress("check", *reader, on_progress);
  RowSums sums(hasher);
  SeiRow row;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, reader->Next(&row));
    if (!has_row) {
      break;
    }
    sums.Add(row.db, row.key, row.value);
    RETURN_IF_ERROR(progress.Row());
  }
  RowSums::Total total = sums.Finish();
  FromSeiReport report;
  report.others = reader->others();
  report.manifest.state = {hasher.suite(), options.version, total.root};
  report.manifest.initial_version = options.initial_version;
  report.manifest.key_format = kKeyFormat;
  report.manifest.dbs = std::move(total.dbs);
  return report;
}

Status CheckRoot(const FromSeiOptions& options, const Digest& root) {
  if (!options.expected_root.has_value() || *options.expected_root == root) {
    return OkStatus();
  }
  return WithReason(AlreadyExists(fmt::format(
                        "Sei stream {}: its rows give the root {} instead of {}", options.from,
                        HexEncode(AsBytes(root)), HexEncode(AsBytes(*options.expected_root)))),
                    Reason::kRootMismatch);
}

// One more reading: the chunks of one data DB behind `position`.
Status WriteChunks(FileSystem& fs, const FromSeiOptions& options, DataDb db,
                   const ExportPosition& position, const RowHasher& hasher, ThreadPool& pool,
                   ChunkCutter& cutter, ArchiveExport& target, const OnSeiProgress& on_progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SeiRowReader> reader, OpenStream(fs, options));
  ReadProgress progress(NameOf(db), *reader, on_progress);
  const bool is_resumed = position.chunks > 0 && position.db == db;
  const auto next = [&]() -> StatusOr<std::optional<RawChunk>> {
    SeiRow row;
    while (true) {
      ASSIGN_OR_RETURN(const bool has_row, reader->Next(&row));
      if (!has_row) {
        return cutter.Finish();
      }
      RETURN_IF_ERROR(progress.Row());
      if (row.db == db && (!is_resumed || row.key > position.last_key)) {
        std::optional<RawChunk> chunk = cutter.Add(row.db, row.key, row.value);
        if (chunk.has_value()) {
          return chunk;
        }
      }
    }
  };
  return EncodeChunks(target.manifest().state, hasher, pool, next, [&](const EncodedChunk& chunk) {
    return target.AddChunk(chunk.info, chunk.bytes);
  });
}

// A whole archive that this conversion made is written again where it lacks; any other is left
// alone.
Status CheckTarget(const ArchiveWriter& writer, const ArchiveManifest& manifest) {
  const std::optional<ArchiveManifest>& whole = writer.complete();
  if (!whole.has_value() ||
      (whole->state == manifest.state && whole->content_digest == manifest.content_digest &&
       whole->initial_version == manifest.initial_version)) {
    return OkStatus();
  }
  return FailedPrecondition(
      fmt::format("the target holds a whole archive already, of version {} with root {}: name "
                  "another",
                  whole->state.version, HexEncode(AsBytes(whole->state.root))));
}

}  // namespace

StatusOr<FromSeiReport> SeiToArchive(FileSystem& fs, const FromSeiOptions& options,
                                     const OnSeiProgress& on_progress) {
  RETURN_IF_ERROR(CheckVersions(options));
  const RowHasher hasher(Suite::kBlake3);
  ASSIGN_OR_RETURN(FromSeiReport report, ReadSums(fs, options, hasher, on_progress));
  RETURN_IF_ERROR(CheckRoot(options, report.manifest.state.root));
  std::string payload;
  AppendEntryVersion(options.version, &payload);
  report.manifest.content_digest = Sha256(payload);
  report.manifest.payload_bytes = payload.size();

  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveWriter> writer, options.open_target());
  RETURN_IF_ERROR(CheckTarget(*writer, report.manifest));
  ArchiveExport target(*writer);
  RETURN_IF_ERROR(target.Find());
  RETURN_IF_ERROR(target.Begin(report.manifest, payload));
  ThreadPool pool("fkv-archive", std::max<size_t>(options.threads, 1));
  const ExportPosition& position = target.position();
  ChunkCutter cutter(position.chunks);
  for (const DataDb db : kAllDataDbs) {
    const bool is_done = position.chunks > 0 && db < position.db;
    if (!is_done && report.manifest.dbs[IndexOf(db)].rows > 0) {
      RETURN_IF_ERROR(
          WriteChunks(fs, options, db, position, hasher, pool, cutter, target, on_progress));
    }
  }
  RETURN_IF_ERROR(target.Finish());
  report.manifest = target.manifest();
  return report;
}

}  // namespace flatkv
