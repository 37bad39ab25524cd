// An export into an archive: takes chunks, checks that they add up, writes the archive.
//
//   ArchiveExport target(writer);
//   target.Find()                  what an interrupted export left: where to begin
//   admin.Export({... target.position()}, target)
//   target.Finish()
//
// Thread safety: none.
#pragma once

#include <optional>
#include <string>

#include "flatkv/archive/archive_writer.h"
#include "flatkv/archive/export_sink.h"
#include "flatkv/base/status.h"

namespace flatkv {

class ArchiveExport final : public ExportSink {
 public:
  // `writer` outlives the object.
  explicit ArchiveExport(ArchiveWriter& writer) : writer_(writer) {}

  // Reads what is there. Once, before the export.
  Status Find();
  // Set if there is something to go on from: its state, and where the export begins.
  const std::optional<ArchiveState>& found() const { return found_; }
  const ExportPosition& position() const { return position_; }

  // Errors: kFailedPrecondition if what is there is of another state.
  Status Begin(const ArchiveManifest& manifest, std::string_view payload) override;
  // Errors: kDataLoss with Reason::kArchiveCorrupt for a chunk that is not the next one.
  Status AddChunk(const ChunkInfo& info, std::string_view bytes) override;
  // After the export: checks the sums of all chunks, and makes the archive whole. Errors: kDataLoss
  // with Reason::kRootMismatch.
  Status Finish();

  // With all chunks, after Finish.
  const ArchiveManifest& manifest() const { return manifest_; }

 private:
  ArchiveWriter& writer_;
  std::optional<ArchiveState> found_;
  ExportPosition position_;
  ArchiveManifest manifest_;
  std::string payload_;
  std::optional<ArchiveSums> sums_;
};

}  // namespace flatkv
