// How far an export, an import or a check of an archive is, with the rate and the time left.
//
// Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "cli/status_line.h"
#include "flatkv/archive/archive_verify.h"
#include "flatkv/archive/export_sink.h"

namespace flatkv::cli {

// "export: 1200 of 4000 rows (30 %), 3 MiB/s, 12 s left". `seconds`: what `done` took. Without a
// total only what is done.
std::string ArchiveProgressText(std::string_view what, const ArchiveProgress& done, uint64_t rows,
                                uint64_t bytes, double seconds);

class ExportProgress {
 public:
  explicit ExportProgress(std::string what) : what_(std::move(what)) {}

  // What `done` goes up to.
  void SetTotal(uint64_t rows, uint64_t bytes) {
    rows_ = rows;
    bytes_ = bytes;
  }
  void Show(const ArchiveProgress& done);

 private:
  const std::string what_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
  StatusLine line_;
};

// Shows what goes through to `sink`, and ends the export when it is interrupted.
class ProgressSink final : public ExportSink {
 public:
  // Both outlive the object.
  ProgressSink(std::string what, ExportSink& sink, std::function<bool()> interrupted)
      : sink_(sink), interrupted_(std::move(interrupted)), progress_(std::move(what)) {}

  Status Begin(const ArchiveManifest& manifest, std::string_view payload) override;
  Status AddChunk(const ChunkInfo& info, std::string_view bytes) override;
  const ArchiveProgress& done() const { return done_; }

 private:
  ExportSink& sink_;
  const std::function<bool()> interrupted_;
  ExportProgress progress_;
  ArchiveProgress done_;
};

}  // namespace flatkv::cli
