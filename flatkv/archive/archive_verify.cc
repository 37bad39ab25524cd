#include "flatkv/archive/archive_verify.h"

#include "flatkv/archive/archive_reader.h"
#include "flatkv/archive/archive_sums.h"
#include "flatkv/archive/chunk_stream.h"
#include "flatkv/base/thread_pool.h"

namespace flatkv {
namespace {

// What is damaged becomes a finding; what could not be checked stays an error.
Status Find(const Status& status, ArchiveReport* report) {
  if (status.code() != StatusCode::kDataLoss) {
    return status;
  }
  report->findings.emplace_back(MessageOf(status));
  return OkStatus();
}

Status VerifyMembers(const ArchiveReader& reader, size_t threads,
                     const OnArchiveProgress& on_progress, ArchiveReport* report) {
  const ArchiveManifest& manifest = reader.manifest();
  report->file_bytes = manifest.FileBytes();
  const RowHasher hasher(manifest.state.suite);
  ThreadPool pool("fkv-archive", threads);
  ArchiveSums sums(manifest.state);
  RETURN_IF_ERROR(Find(reader.ReadPayload().status(), report));
  const Status walked = DecodeChunks(
      reader, hasher, pool, [](const ChunkInfo&) { return true; },
      [&](uint32_t, const StatusOr<DecodedChunk>& chunk) -> Status {
        RETURN_IF_ERROR(Find(chunk.status(), report));
        ++report->done.chunks;
        if (!chunk.ok()) {
          return OkStatus();
        }
        report->done.rows += chunk->info.rows;
        report->done.bytes += chunk->info.bytes;
        // A chunk that is missing makes the next ones look misplaced.
        if (report->findings.empty()) {
          RETURN_IF_ERROR(Find(sums.Add(chunk->info), report));
        }
        return on_progress == nullptr || on_progress(report->done)
                   ? OkStatus()
                   : Cancelled("the verification was cancelled");
      });
  RETURN_IF_ERROR(walked);
  return report->findings.empty() ? Find(sums.Check(manifest, hasher), report) : OkStatus();
}

}  // namespace

StatusOr<ArchiveReport> VerifyArchive(FileSystem& fs, const std::string& path, size_t threads,
                                      const OnArchiveProgress& on_progress) {
  ArchiveReport report;
  const StatusOr<std::unique_ptr<ArchiveReader>> reader = ArchiveReader::Open(fs, path);
  RETURN_IF_ERROR(Find(reader.status(), &report));
  if (reader.ok()) {
    RETURN_IF_ERROR(VerifyMembers(**reader, threads, on_progress, &report));
    report.manifest = (*reader)->manifest();
    report.manifest->chunks.clear();
  }
  return report;
}

}  // namespace flatkv
