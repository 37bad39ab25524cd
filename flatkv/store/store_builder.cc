#include "flatkv/store/store_builder.h"

#include <fmt/format.h>

#include <vector>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/codec/meta_keys.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/snapshot_base.h"
#include "flatkv/store/store.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/wal/wal.h"

namespace flatkv {
namespace {

constexpr uint64_t kBuilderBufferBytes = uint64_t{32} << 20;
constexpr uint64_t kBlockCacheBytes = uint64_t{8} << 20;

// For a store that is opened to be proved: nothing is cached, nothing is taken by itself.
StoreOptions ProofOptions(const BuilderOptions& options) {
  StoreOptions store;
  store.write_buffer_bytes = kBuilderBufferBytes;
  store.block_cache_bytes = kBlockCacheBytes;
  store.row_cache_bytes = 0;
  store.key_filter_bytes_max = 0;
  store.snapshot.policy = SnapshotPolicy::kManual;
  store.build = options.build;
  return store;
}

}  // namespace

StoreBuilder::StoreBuilder(FileSystem& fs, Logger& logger, std::string home,
                           const BuilderOptions& options)
    : fs_(fs),
      logger_(logger),
      home_(std::move(home)),
      directory_(JoinPath(home_, kStoreName)),
      options_(options) {}

StoreBuilder::~StoreBuilder() {
  if (dbs_ != nullptr) {
    dbs_->Close().IgnoreError();  // what was not flushed is added again
  }
}

StatusOr<std::unique_ptr<StoreBuilder>> StoreBuilder::Open(FileSystem& fs, Logger& logger,
                                                           std::string home,
                                                           const BuilderOptions& options) {
  std::unique_ptr<StoreBuilder> builder(new StoreBuilder(fs, logger, std::move(home), options));
  RETURN_IF_ERROR(builder->Prepare());
  RETURN_IF_ERROR(builder->OpenDbs());
  return builder;
}

// The identity comes before any data, as in a new store.
Status StoreBuilder::Prepare() {
  RETURN_IF_ERROR(MakeDirsDurably(fs_, JoinPath(directory_, kChangelogName)));
  const std::string path = JoinPath(directory_, kIdentityName);
  const StatusOr<std::string> text = ReadFile(fs_, path, kIdentityBytesMax);
  if (IsNotFound(text.status())) {
    identity_ = NewIdentity(options_.state.suite, options_.initial_version);
    RETURN_IF_ERROR(WriteFileDurably(fs_, path, EncodeIdentity(identity_)));
  } else {
    RETURN_IF_ERROR(text.status());
    ASSIGN_OR_RETURN(identity_, DecodeIdentity(*text, path));
  }
  if (identity_.suite != options_.state.suite ||
      identity_.initial_version != options_.initial_version) {
    return FailedPrecondition(fmt::format("{} holds another store", directory_));
  }
  const std::string working = JoinPath(directory_, kWorkingName);
  RETURN_IF_ERROR(MakeDirsDurably(fs_, working));
  const std::string base = JoinPath(working, kSnapshotBaseName);
  ASSIGN_OR_RETURN(const bool has_base, Exists(fs_, base));
  return has_base
             ? OkStatus()
             : WriteFileDurably(fs_, base,
                                EncodeSnapshotBase({identity_.store_id, identity_.suite, 0, {}}));
}

Status StoreBuilder::OpenDbs() {
  background_ = std::make_unique<BackgroundThreads>(1);
  StoreOptions options;
  options.write_buffer_bytes = kBuilderBufferBytes;
  options.block_cache_bytes = kBlockCacheBytes;
  // Nothing has to be durable before the rows: the changelog is written after them.
  ASSIGN_OR_RETURN(
      dbs_, DataDbs::Open(fs_, *background_, logger_, JoinPath(directory_, kWorkingName), options,
                          CompactionStart::kOpen, [] { return OkStatus(); }));
  for (const DataDb db : kAllDataDbs) {
    std::string version;
    ASSIGN_OR_RETURN(has_metadata_[IndexOf(db)], (*dbs_)[db].Get(kMetaVersionKey, &version));
    const std::unique_ptr<KvIterator> rows = (*dbs_)[db].NewIterator();
    rows->SeekToLast();
    while (rows->Valid() && IsMetaKey(rows->key())) {
      rows->Prev();
    }
    RETURN_IF_ERROR(rows->status());
    kept_keys_[IndexOf(db)] = rows->Valid() ? std::string(rows->key()) : "";
  }
  return OkStatus();
}

// No metadata between the rows: a table would then reach over all others, and LevelDB would merge
// them again and again. The last key says how far a data DB came, since a batch is atomic.
Status StoreBuilder::Add(DataDb db, std::span<const ChunkRow> rows) {
  FLATKV_CHECK(dbs_ != nullptr && !has_metadata_[IndexOf(db)]);
  if (filling_.has_value() && *filling_ != db) {
    // Its buffers go before those of the next one fill.
    RETURN_IF_ERROR((*dbs_)[*filling_].Flush());
  }
  filling_ = db;
  std::vector<EngineWrite> writes;
  writes.reserve(rows.size());
  for (const ChunkRow& row : rows) {
    writes.push_back({row.key, row.value, false});
  }
  return Annotate((*dbs_)[db].Write(writes, options_.state.version),
                  fmt::format("data DB {}", NameOf(db)));
}

Status StoreBuilder::Finish(const StoreState& state, std::string_view payload,
                            const Digest& content_digest) {
  RETURN_IF_ERROR(WriteMetadata(state));
  RETURN_IF_ERROR(WriteChangelog(payload, content_digest));
  return ProveStore();
}

Status StoreBuilder::WriteMetadata(const StoreState& state) {
  for (const DataDb db : kAllDataDbs) {
    const DbState& db_state = state[IndexOf(db)];
    if (has_metadata_[IndexOf(db)]) {
      continue;
    }
    DbMetadata metadata;
    metadata.hash = db_state.total.hash;
    for (const auto& [name, module] : db_state.modules) {
      metadata.modules.emplace_back(name, module);
    }
    // As a version that wrote these rows would have; none of a data DB without rows.
    RETURN_IF_ERROR(dbs_->Write(db, options_.state.version, {},
                                db_state.modules.empty() ? nullptr : &metadata));
  }
  RETURN_IF_ERROR(dbs_->Flush());
  const Status closed = dbs_->Close();
  dbs_.reset();
  background_.reset();
  return closed;
}

Status StoreBuilder::WriteChangelog(std::string_view payload, const Digest& content_digest) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Wal> wal,
                   Wal::Open(fs_, logger_, JoinPath(directory_, kChangelogName), WalOptions()));
  if (wal->empty()) {
    const Version version = options_.state.version;
    RETURN_IF_ERROR(wal->Append(version, payload, content_digest, options_.state.root));
    RETURN_IF_ERROR(wal->Sync());
    RETURN_IF_ERROR(wal->Acknowledge(version));
  }
  return wal->Close();
}

Status StoreBuilder::ProveStore() {
  // Compares the recorded hashes with the changelog's root.
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open(fs_, logger_, home_, ProofOptions(options_)));
  const VersionRoot head = store->CommittedRoot();
  if (head.version != options_.state.version || head.root != options_.state.root) {
    return WithReason(
        DataLoss(fmt::format("the store that was made stands at version {} with root {} instead "
                             "of version {} with root {}",
                             head.version, HexEncode(AsBytes(head.root)), options_.state.version,
                             HexEncode(AsBytes(options_.state.root)))),
        Reason::kRootMismatch);
  }
  RETURN_IF_ERROR(store->admin().CreateSnapshot().status());
  VerifyOptions quick;
  quick.depth = VerifyDepth::kQuick;
  ASSIGN_OR_RETURN(const VerifyReport report, store->admin().Verify(quick, nullptr));
  if (!report.findings.empty()) {
    return DataLoss(fmt::format("the store that was made is damaged: {}", report.findings.front()));
  }
  return store->Close();
}

}  // namespace flatkv
