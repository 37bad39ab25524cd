#include "flatkv/archive/archive_export.h"

#include <fmt/format.h>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"

namespace flatkv {

Status ArchiveExport::Find() {
  ASSIGN_OR_RETURN(std::optional<FoundChunks> found, writer_.Find());
  if (found.has_value()) {
    found_ = found->state;
    position_ = {static_cast<uint32_t>(found->chunks.size()), found->last_db, found->last_key};
    sums_ = std::move(found->sums);
    manifest_.chunks = std::move(found->chunks);
  }
  return OkStatus();
}

Status ArchiveExport::Begin(const ArchiveManifest& manifest, std::string_view payload) {
  if (found_.has_value() && *found_ != manifest.state) {
    return FailedPrecondition(fmt::format(
        "the directory holds part of an export of version {} with root {}, and this is version {} "
        "with root {}: export --at {}, or name another directory",
        found_->version, HexEncode(AsBytes(found_->root)), manifest.state.version,
        HexEncode(AsBytes(manifest.state.root)), found_->version));
  }
  std::vector<ArchiveChunk> chunks = std::move(manifest_.chunks);
  manifest_ = manifest;
  manifest_.chunks = std::move(chunks);
  payload_ = payload;
  if (!sums_.has_value()) {
    sums_.emplace(manifest.state);
  }
  return OkStatus();
}

Status ArchiveExport::AddChunk(const ChunkInfo& info, std::string_view bytes) {
  FLATKV_CHECK(sums_.has_value());
  RETURN_IF_ERROR(sums_->Add(info));
  manifest_.chunks.push_back({bytes.size(), info.digest});
  return writer_.AddChunk(info, bytes);
}

Status ArchiveExport::Finish() {
  FLATKV_CHECK(sums_.has_value());
  RETURN_IF_ERROR(sums_->Check(manifest_, RowHasher(manifest_.state.suite)));
  return writer_.Finish(manifest_, payload_);
}

}  // namespace flatkv
