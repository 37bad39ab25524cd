// The manifest of an archive: what state it holds, what the state must add up to, and its chunks.
// The member MANIFEST, a text record that is written last (docs/format.md, "Archive"). No times, no
// ids: the same version gives the same bytes wherever it is exported.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/archive/chunk.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/snapshot/snapshot_manifest.h"

namespace flatkv {

inline constexpr char kArchiveManifestName[] = "MANIFEST";
// The changelog payload of the version: with it an imported store knows the version's content.
inline constexpr char kArchivePayloadName[] = "PAYLOAD";

struct ArchiveChunk {
  uint64_t size_bytes = 0;
  Digest digest{};  // ChunkInfo::digest
  bool operator==(const ArchiveChunk&) const = default;
};

struct ArchiveManifest {
  ArchiveState state;
  Version initial_version = 1;
  std::string key_format;
  Digest content_digest{};  // SHA-256 of PAYLOAD
  uint64_t payload_bytes = 0;
  std::array<SnapshotDb, kDataDbs> dbs;
  std::vector<ArchiveChunk> chunks;  // of numbers 1, 2, ...

  bool operator==(const ArchiveManifest&) const = default;
  uint64_t TotalRows() const;
  uint64_t TotalBytes() const;  // of keys and values
  // Of all members, without the manifest.
  uint64_t FileBytes() const;
};

std::string EncodeArchiveManifest(const ArchiveManifest& manifest);
// Errors: kDataLoss with Reason::kArchiveCorrupt naming the field; kFailedPrecondition with
// Reason::kIncompatibleFormat.
StatusOr<ArchiveManifest> DecodeArchiveManifest(std::string_view text, std::string_view path);

}  // namespace flatkv
