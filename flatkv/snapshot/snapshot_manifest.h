// The manifest of a snapshot: what the snapshot is, and every file it is made of. The file SNAPSHOT
// in the snapshot's directory, a text record (docs/format.md, "Snapshot manifest").
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"

namespace flatkv {

// One module's share in one data DB.
struct SnapshotModule {
  std::string name;
  Digest checksum{};  // of the module's LtHash
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool operator==(const SnapshotModule&) const = default;
};

struct SnapshotDb {
  Digest checksum{};  // of the DB's LtHash
  uint64_t rows = 0;
  uint64_t bytes = 0;
  std::vector<SnapshotModule> modules;  // by name
  bool operator==(const SnapshotDb&) const = default;
};

// XXH3 128 of the content, big-endian: guards against damage, not against forgery (the root does
// that).
using FileDigest = std::array<uint8_t, 16>;

struct SnapshotFile {
  std::string path;  // within the snapshot: "storage/000012.sst"
  uint64_t size_bytes = 0;
  FileDigest digest{};
  bool operator==(const SnapshotFile&) const = default;
};

struct SnapshotManifest {
  std::string store_id;      // of the store that took it
  std::string operation_id;  // random, 32 hex digits: tells two snapshots of one version apart
  std::string build;         // of the program that took it
  std::string engine;        // "leveldb 1.23"
  // Says how keys and rows are encoded; another value cannot be opened by this build.
  std::string key_format;
  Suite suite = Suite::kSha256;
  Version version = 0;
  Version initial_version = 1;
  Digest root{};
  uint64_t created_unix_seconds = 0;
  // The changelog that the snapshot needs to reach later versions begins here: version + 1.
  Version wal_from = 0;
  // SHA-256 of this version's changelog payload: ties the snapshot to one history.
  Digest content_digest{};
  std::array<SnapshotDb, kDataDbs> dbs;
  std::vector<SnapshotFile> files;  // by path, this manifest excluded

  bool operator==(const SnapshotManifest&) const = default;
  uint64_t TotalBytes() const;
};

// What this build writes into `key_format`.
inline constexpr std::string_view kKeyFormat = "flatkv-keys-1";

std::string EncodeSnapshotManifest(const SnapshotManifest& manifest);
// Errors: kDataLoss with Reason::kSnapshotCorrupt naming `path` and the field;
// kFailedPrecondition with Reason::kIncompatibleFormat for a format or key format of another build,
// naming both.
StatusOr<SnapshotManifest> DecodeSnapshotManifest(std::string_view text, std::string_view path);

}  // namespace flatkv
