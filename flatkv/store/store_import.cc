#include "flatkv/store/store_import.h"

#include <fmt/format.h>

#include "flatkv/archive/archive_reader.h"
#include "flatkv/archive/chunk_stream.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"
#include "flatkv/store/staged_import.h"

namespace flatkv {
namespace {

constexpr size_t kOperationIdDigits = 32;

// The same archive gives the same staging directory: that is how an import is gone on with.
std::string OperationIdOf(const Digest& digest) {
  return HexEncode(AsBytes(digest)).substr(0, kOperationIdDigits);
}

Status CheckRoot(const ArchiveState& state, const ImportOptions& options) {
  if (!options.expect_root.has_value() || *options.expect_root == state.root) {
    return OkStatus();
  }
  return WithReason(AlreadyExists(fmt::format("version {} has root {}, and root {} is expected",
                                              state.version, HexEncode(AsBytes(state.root)),
                                              HexEncode(AsBytes(*options.expect_root)))),
                    Reason::kRootMismatch);
}

StatusOr<uint64_t> FreeBytesAbove(FileSystem& fs, std::string path) {
  while (true) {
    ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
    if (exists || path == "." || path == "/") {
      return fs.FreeBytes(path);
    }
    path = ParentPath(path);
  }
}

// The archive's bytes are less than what the store will take: without room for them it is no use to
// begin.
Status CheckSpace(FileSystem& fs, const ArchiveManifest& manifest, const ImportOptions& options) {
  ASSIGN_OR_RETURN(const uint64_t free_bytes, FreeBytesAbove(fs, options.home));
  return free_bytes >= manifest.FileBytes()
             ? OkStatus()
             : ResourceExhausted(
                   fmt::format("import to {}: {} bytes are free, and the archive alone has {}",
                               options.home, free_bytes, manifest.FileBytes()));
}

std::vector<std::string> StepsOf(const ImportPlan& plan, const std::string& home,
                                 const std::string& staging) {
  std::vector<std::string> steps;
  steps.push_back(fmt::format("{} {}: check {} chunks and write {} rows",
                              plan.resumes ? "go on in" : "make", staging, plan.chunks, plan.rows));
  steps.push_back(
      fmt::format("check the sums against root {}", HexEncode(AsBytes(plan.state.root))));
  steps.emplace_back("make it a store: metadata, changelog, a snapshot; open and verify it");
  const std::string store = JoinPath(home, kStoreName);
  if (plan.replaces) {
    steps.push_back(fmt::format("exchange it with {} in one step", store));
    steps.push_back(fmt::format("move the old store{} to {}",
                                plan.replaced_store_id.empty() ? "" : " " + plan.replaced_store_id,
                                JoinPath(home, kQuarantineName)));
  } else {
    steps.push_back(fmt::format("rename it to {}", store));
  }
  return steps;
}

StatusOr<ImportPlan> PlanOf(FileSystem& fs, const ArchiveReader& reader,
                            const ImportOptions& options) {
  const ArchiveManifest& manifest = reader.manifest();
  RETURN_IF_ERROR(CheckRoot(manifest.state, options));
  ImportPlan plan;
  plan.state = manifest.state;
  plan.chunks = manifest.chunks.size();
  plan.rows = manifest.TotalRows();
  plan.bytes = manifest.TotalBytes();
  plan.file_bytes = manifest.FileBytes();
  const std::string store = JoinPath(options.home, kStoreName);
  ASSIGN_OR_RETURN(plan.replaces, Exists(fs, store));
  if (plan.replaces) {
    ASSIGN_OR_RETURN(plan.replaced_store_id, StoreIdAt(fs, store));
  }
  const std::string staging = StagingPath(options.home, OperationIdOf(reader.digest()));
  ASSIGN_OR_RETURN(plan.resumes, Exists(fs, staging));
  plan.steps = StepsOf(plan, options.home, staging);
  return plan;
}

class StoreCopyImpl final : public StoreCopy {
 public:
  StoreCopyImpl(FileSystem& fs, Logger& logger, const ImportOptions& options,
                const OnArchiveProgress& on_progress)
      : fs_(fs), logger_(logger), options_(options), on_progress_(on_progress) {}

  Status Begin(const ArchiveManifest& manifest, std::string_view payload) override {
    RETURN_IF_ERROR(CheckRoot(manifest.state, options_));
    hasher_.emplace(manifest.state.suite);
    StagedImport::Source source;
    source.operation = "compact";
    source.operation_id = OperationIdOf(Sha256(EncodeArchiveManifest(manifest)));
    source.reason = "compact --to";
    source.manifest = manifest;
    source.payload = payload;
    ASSIGN_OR_RETURN(import_, StagedImport::Begin(fs_, logger_, options_, std::move(source)));
    return OkStatus();
  }

  Status AddChunk(const ChunkInfo& info, std::string_view bytes) override {
    ASSIGN_OR_RETURN(const ChunkRows rows,
                     DecodeChunkRows(bytes, info, ChunkName(info.number), *hasher_));
    RETURN_IF_ERROR(import_->Add(info, rows));
    return on_progress_ == nullptr || on_progress_(import_->done())
               ? OkStatus()
               : Cancelled("the copy was cancelled");
  }

  StatusOr<ImportResult> Finish() override {
    return import_ == nullptr ? StatusOr<ImportResult>(Internal("nothing was exported"))
                              : import_->Finish();
  }

 private:
  FileSystem& fs_;
  Logger& logger_;
  const ImportOptions options_;
  const OnArchiveProgress on_progress_;
  std::optional<RowHasher> hasher_;
  std::unique_ptr<StagedImport> import_;
};

}  // namespace

StatusOr<ImportPlan> PlanImport(FileSystem& fs, const std::string& archive,
                                const ImportOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> reader, ArchiveReader::Open(fs, archive));
  return PlanOf(fs, *reader, options);
}

StatusOr<ImportResult> ImportArchive(FileSystem& fs, Logger& logger, const std::string& archive,
                                     const ImportOptions& options,
                                     const OnArchiveProgress& on_progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> reader, ArchiveReader::Open(fs, archive));
  RETURN_IF_ERROR(CheckRoot(reader->manifest().state, options));
  RETURN_IF_ERROR(CheckSpace(fs, reader->manifest(), options));
  StagedImport::Source source;
  source.operation = "import";
  source.operation_id = OperationIdOf(reader->digest());
  source.reason = fmt::format("import --replace from {}", archive);
  source.manifest = reader->manifest();
  source.manifest.chunks.clear();
  ASSIGN_OR_RETURN(source.payload, reader->ReadPayload());
  ASSIGN_OR_RETURN(const std::unique_ptr<StagedImport> import,
                   StagedImport::Begin(fs, logger, options, std::move(source)));
  const RowHasher hasher(reader->manifest().state.suite);
  ThreadPool pool("fkv-archive", options.threads);
  const Status walked = DecodeChunks(
      *reader, hasher, pool, [&](const ChunkInfo& info) { return import->WantsRows(info); },
      [&](uint32_t, const StatusOr<DecodedChunk>& chunk) -> Status {
        RETURN_IF_ERROR(chunk.status());
        RETURN_IF_ERROR(import->Add(chunk->info, chunk->rows));
        return on_progress == nullptr || on_progress(import->done())
                   ? OkStatus()
                   : Cancelled("the import was cancelled");
      });
  RETURN_IF_ERROR(walked);
  return import->Finish();
}

StatusOr<std::unique_ptr<StoreCopy>> StoreCopy::Create(FileSystem& fs, Logger& logger,
                                                       const ImportOptions& options,
                                                       const OnArchiveProgress& on_progress) {
  const StatusOr<std::vector<std::string>> names = fs.List(options.home);
  if (!names.ok() && !IsNotFound(names.status())) {
    return names.status();
  }
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    if (!ParseStagingName(name).has_value()) {
      return FailedPrecondition(fmt::format(
          "compact to {}: the directory holds {}: name an empty one", options.home, name));
    }
  }
  for (const std::string& name : names.ok() ? *names : std::vector<std::string>()) {
    RETURN_IF_ERROR(RemoveStaged(fs, options.home, name));
  }
  return std::unique_ptr<StoreCopy>(
      std::make_unique<StoreCopyImpl>(fs, logger, options, on_progress));
}

}  // namespace flatkv
