#include <fmt/format.h>

#include <algorithm>

#include "flatkv/archive/archive_reader.h"
#include "flatkv/base/hex.h"
#include "flatkv/sei/archive_rows.h"
#include "flatkv/sei/deflater.h"
#include "flatkv/sei/part_writer.h"
#include "flatkv/sei/sei_stream.h"

namespace flatkv {
namespace {

constexpr uint64_t kRowsBetweenProgress = 1024;

Status CheckSuite(const ArchiveManifest& manifest, const std::string& path) {
  if (manifest.state.suite == Suite::kBlake3) {
    return OkStatus();
  }
  return WithReason(
      FailedPrecondition(fmt::format(
          "archive {}: it is of suite {}, and Sei's FlatKV knows only blake3: the state would have "
          "another root there. Only a store of suite blake3 can be moved",
          path, SuiteName(manifest.state.suite))),
      Reason::kSuiteMismatch);
}

Status WriteRows(ArchiveRows& rows, const ArchiveManifest& manifest, PartWriter& target,
                 const OnSeiProgress& on_progress) {
  Deflater deflater(target);
  std::string bytes;
  AppendSeiItem({.kind = SeiItemKind::kStore, .name = kSeiStoreName}, &bytes);
  RETURN_IF_ERROR(deflater.Append(bytes));
  const uint64_t total = manifest.TotalRows();
  for (uint64_t done = 0;; ++done) {
    ASSIGN_OR_RETURN(const bool has_row, rows.Next());
    if (!has_row) {
      break;
    }
    const SeiItem item{.kind = SeiItemKind::kNode,
                       .key = rows.key(),
                       .value = rows.value(),
                       .version = manifest.state.version};
    if (SeiItemBytes(item) > kSeiItemBytesMax) {
      return FailedPrecondition(
          fmt::format("row {}: it has {} bytes, and Sei's readers take items of at most {}",
                      HexEncode(item.key), item.value.size(), kSeiItemBytesMax));
    }
    bytes.clear();
    AppendSeiItem(item, &bytes);
    RETURN_IF_ERROR(deflater.Append(bytes));
    if (done % kRowsBetweenProgress == 0 && on_progress != nullptr &&
        !on_progress({"rows", done, total})) {
      return Cancelled("the conversion was cancelled");
    }
  }
  RETURN_IF_ERROR(deflater.Finish());
  return target.Finish();
}

}  // namespace

StatusOr<ToSeiReport> ArchiveToSei(FileSystem& fs, const ToSeiOptions& options,
                                   const OnSeiProgress& on_progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveReader> archive,
                   ArchiveReader::Open(fs, options.from));
  const ArchiveManifest& manifest = archive->manifest();
  RETURN_IF_ERROR(CheckSuite(manifest, options.from));
  const RowHasher hasher(manifest.state.suite);
  ThreadPool pool("fkv-archive", std::max<size_t>(options.threads, 1));
  ASSIGN_OR_RETURN(const std::unique_ptr<ArchiveRows> rows,
                   ArchiveRows::Open(*archive, hasher, pool));
  ASSIGN_OR_RETURN(const std::unique_ptr<PartWriter> target,
                   options.one_file ? CreateSeiFile(fs, options.to)
                                    : CreateSeiDirectory(fs, options.to, options.part_bytes));
  if (const Status written = WriteRows(*rows, manifest, *target, on_progress); !written.ok()) {
    target->Abandon();
    return written;
  }
  return ToSeiReport{manifest.state, manifest.TotalRows(), target->bytes(), target->parts()};
}

}  // namespace flatkv
