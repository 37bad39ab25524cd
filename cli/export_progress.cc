#include "cli/export_progress.h"

#include <fmt/format.h>

namespace flatkv::cli {

std::string ArchiveProgressText(std::string_view what, const ArchiveProgress& done, uint64_t rows,
                                uint64_t bytes, double seconds) {
  std::string text = fmt::format("{}: {} ", what, done.rows);
  if (rows > 0) {
    text += fmt::format("of {} rows ({} %)", rows, done.rows * 100 / rows);
  } else {
    text += "rows";
  }
  if (seconds <= 0 || done.bytes == 0) {
    return text;
  }
  const double rate = static_cast<double>(done.bytes) / seconds;
  text += fmt::format(", {:.1f} MiB/s", rate / (1 << 20));
  if (bytes > done.bytes) {
    text += fmt::format(", {:.0f} s left", static_cast<double>(bytes - done.bytes) / rate);
  }
  return text;
}

void ExportProgress::Show(const ArchiveProgress& done) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  line_.Show(ArchiveProgressText(what_, done, rows_, bytes_, seconds));
}

Status ProgressSink::Begin(const ArchiveManifest& manifest, std::string_view payload) {
  progress_.SetTotal(manifest.TotalRows(), manifest.TotalBytes());
  return sink_.Begin(manifest, payload);
}

Status ProgressSink::AddChunk(const ChunkInfo& info, std::string_view bytes) {
  if (interrupted_()) {
    return Cancelled("the export was interrupted");
  }
  RETURN_IF_ERROR(sink_.AddChunk(info, bytes));
  ++done_.chunks;
  done_.rows += info.rows;
  done_.bytes += info.bytes;
  progress_.Show(done_);
  return OkStatus();
}

}  // namespace flatkv::cli
