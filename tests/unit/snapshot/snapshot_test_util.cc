#include "tests/unit/snapshot/snapshot_test_util.h"

#include <fmt/format.h>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/snapshot_files.h"

namespace flatkv::test {

SnapshotManifest SampleManifest(Version version) {
  SnapshotManifest manifest;
  manifest.store_id = "0123456789abcdef0123456789abcdef";
  manifest.operation_id = "fedcba9876543210fedcba9876543210";
  manifest.build = "flatkv 0.1.0 (a \"test\" \\ build)";
  manifest.engine = "leveldb 1.23";
  manifest.key_format = kKeyFormat;
  manifest.suite = Suite::kBlake3;
  manifest.version = version;
  manifest.initial_version = 1;
  manifest.root = Sha256("root");
  manifest.created_unix_seconds = 1767323045;
  manifest.wal_from = version + 1;
  manifest.content_digest = Sha256("content");
  for (const DataDb db : kAllDataDbs) {
    SnapshotDb& entry = manifest.dbs[IndexOf(db)];
    entry.checksum = Sha256(NameOf(db));
    entry.rows = 10 + IndexOf(db);
    entry.bytes = 1000 + IndexOf(db);
    entry.modules.push_back({"evm", Sha256("evm"), 10, 1000});
  }
  manifest.dbs[IndexOf(DataDb::kMisc)].modules = {{"bank\n\x01", Sha256("bank"), 6, 500},
                                                  {"evm", Sha256("evm"), 7, 503}};
  return manifest;
}

std::string SampleContent(Version version, std::string_view path) {
  std::string content = fmt::format("{} at {}\n", path, version);
  // More than a sector, so that torn writes show.
  while (path.ends_with(".sst") && content.size() < 1300) {
    content += content;
  }
  return content;
}

Status WriteSynced(FileSystem& fs, const std::string& path, std::string_view content) {
  ASSIGN_OR_RETURN(const std::unique_ptr<WritableFile> file, fs.Create(path));
  RETURN_IF_ERROR(file->Append(content));
  RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

StatusOr<SnapshotManifest> BuildSnapshot(FileSystem& fs, SnapshotSet& snapshots, Version version) {
  SnapshotManifest manifest = SampleManifest(version);
  RETURN_IF_ERROR(snapshots.BeginBuilding(version));
  for (const std::string_view db : {"account", "code", "misc", "storage"}) {
    for (const std::string_view name : {"000005.sst", "CURRENT", "MANIFEST-000004"}) {
      SnapshotFile file;
      file.path = JoinPath(db, name);
      const std::string content = SampleContent(version, file.path);
      const std::string path = JoinPath(snapshots.TemporaryPathOf(version), file.path);
      RETURN_IF_ERROR(WriteSynced(fs, path, content));
      file.size_bytes = content.size();
      ASSIGN_OR_RETURN(file.digest, DigestFile(fs, path));
      manifest.files.push_back(std::move(file));
    }
  }
  return manifest;
}

Status TakeSnapshot(FileSystem& fs, SnapshotSet& snapshots, Version version) {
  ASSIGN_OR_RETURN(const SnapshotManifest manifest, BuildSnapshot(fs, snapshots, version));
  return snapshots.Publish(manifest);
}

Status CheckSnapshot(FileSystem& fs, const SnapshotSet& snapshots, Version version) {
  ASSIGN_OR_RETURN(SnapshotManifest manifest, snapshots.ReadManifest(version));
  ASSIGN_OR_RETURN(
      const std::vector<std::string> findings,
      CheckSnapshotFiles(fs, snapshots.PathOf(version), manifest, FileCheck::kDigests, nullptr));
  if (!findings.empty()) {
    return DataLoss(fmt::format("{}", fmt::join(findings, "; ")));
  }
  const size_t files = manifest.files.size();
  manifest.files.clear();
  return files == 12 && manifest == SampleManifest(version) ? OkStatus()
                                                            : DataLoss("another manifest");
}

std::string WithChecksum(const std::string& lines) {
  return fmt::format("{}checksum = {}\n", lines, HexEncode(AsBytes(Sha256(lines))));
}

std::string Reforge(const std::string& record, std::string_view from, std::string_view to) {
  std::string lines = record.substr(0, record.rfind("checksum = "));
  const size_t at = lines.find(from);
  FLATKV_CHECK(at != std::string::npos);
  return WithChecksum(lines.replace(at, from.size(), to));
}

}  // namespace flatkv::test
