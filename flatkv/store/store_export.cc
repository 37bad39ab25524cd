// Export: the rows of a leased view as chunks, beside commits.
#include <fmt/format.h>

#include <algorithm>

#include "flatkv/archive/chunk_cutter.h"
#include "flatkv/archive/chunk_stream.h"
#include "flatkv/codec/meta_keys.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

constexpr size_t kThreadsMax = 16;

Status EndedMeanwhile() {
  return WithReason(Aborted("the store was rolled back or closed meanwhile"), Reason::kRolledBack);
}

// Modules whose last row went keep a record of zeros, in some stores and in others not: they are
// left out.
SnapshotDb SummaryOf(const DbState& state, const RowHasher& hasher) {
  SnapshotDb db;
  db.checksum = hasher.Checksum(state.total.hash);
  db.rows = state.total.rows;
  db.bytes = state.total.bytes;
  for (const auto& [name, module] : state.modules) {
    if (module.rows > 0) {
      db.modules.push_back({name, hasher.Checksum(module.hash), module.rows, module.bytes});
    }
  }
  return db;
}

// Walks one data DB and gives its chunks. An iterator may be used by one thread at a time, and is.
class DbChunks {
 public:
  DbChunks(DataDb db, KvIterator& rows, const View& view, ChunkCutter& cutter)
      : db_(db), rows_(rows), view_(view), cutter_(cutter) {}

  StatusOr<std::optional<RawChunk>> Next() {
    std::optional<RawChunk> chunk;
    while (!chunk.has_value() && rows_.Valid()) {
      if (!IsMetaKey(rows_.key())) {
        chunk = cutter_.Add(db_, rows_.key(), rows_.value());
      }
      rows_.Next();
    }
    RETURN_IF_ERROR(Annotate(rows_.status(), fmt::format("data DB {}", NameOf(db_))));
    if (view_.ending()) {
      return EndedMeanwhile();
    }
    return chunk.has_value() ? std::move(chunk) : cutter_.Finish();
  }

 private:
  const DataDb db_;
  KvIterator& rows_;
  const View& view_;
  ChunkCutter& cutter_;
};

}  // namespace

StatusOr<std::string> StoreImpl::ChangelogPayload(Version version, Digest* content_digest) {
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  StatusOr<std::unique_ptr<WalReader>> reader = open_->wal->NewReader(version, version);
  if (reader.status().code() == StatusCode::kOutOfRange) {
    return WithReason(
        OutOfRange(fmt::format("the changelog does not hold version {} any more", version)),
        Reason::kVersionUnreachable);
  }
  RETURN_IF_ERROR(reader.status());
  ASSIGN_OR_RETURN(const bool has_record, (*reader)->Next());
  if (!has_record) {
    return Internal("the changelog has no record where it says that it has");
  }
  *content_digest = (*reader)->info().content_digest;
  return std::string((*reader)->payload());
}

StatusOr<ArchiveManifest> StoreImpl::Export(const ExportOptions& options, ExportSink& sink) {
  const Version version = options.at.value_or(HeadVersion());
  if (version < identity_.initial_version) {
    return FailedPrecondition("the store has no version yet: there is nothing to export");
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<View> view, OpenView(version));
  ArchiveManifest manifest;
  manifest.state = {identity_.suite, version, view->root()};
  manifest.initial_version = identity_.initial_version;
  manifest.key_format = kKeyFormat;
  ASSIGN_OR_RETURN(const std::string payload, ChangelogPayload(version, &manifest.content_digest));
  manifest.payload_bytes = payload.size();
  for (const DataDb db : kAllDataDbs) {
    manifest.dbs[IndexOf(db)] = SummaryOf(view->state()[IndexOf(db)], *hasher_);
  }
  RETURN_IF_ERROR(sink.Begin(manifest, payload));

  ThreadPool pool("fkv-archive", std::clamp<size_t>(options.threads, 1, kThreadsMax));
  ChunkCutter cutter(options.after.chunks);
  for (const DataDb db : kAllDataDbs) {
    const bool is_resumed = options.after.chunks > 0;
    if (is_resumed && db < options.after.db) {
      continue;
    }
    const Status walked = view->WalkRows(db, [&](KvIterator& rows) {
      if (is_resumed && db == options.after.db) {
        rows.Seek(options.after.last_key);
        if (rows.Valid() && rows.key() == options.after.last_key) {
          rows.Next();
        }
      } else {
        rows.SeekToFirst();
      }
      DbChunks chunks(db, rows, *view, cutter);
      return EncodeChunks(
          manifest.state, *hasher_, pool, [&] { return chunks.Next(); },
          [&](const EncodedChunk& chunk) { return sink.AddChunk(chunk.info, chunk.bytes); });
    });
    if (view->ending()) {
      return EndedMeanwhile();
    }
    RETURN_IF_ERROR(walked);
  }
  return manifest;
}

}  // namespace flatkv
