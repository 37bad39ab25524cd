#include "flatkv/snapshot/snapshot_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "flatkv/base/hex.h"
#include "flatkv/snapshot/db_summary.h"
#include "flatkv/snapshot/random_id.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-snapshot";
constexpr int kFormat = 1;
constexpr size_t kOperationIdDigits = 32;

// "<db>/<name>", the name without anything that a path could be led astray by.
bool IsFilePath(std::string_view path) {
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos || std::find(kDataDbNames.begin(), kDataDbNames.end(),
                                                   path.substr(0, slash)) == kDataDbNames.end()) {
    return false;
  }
  const std::string_view name = path.substr(slash + 1);
  return !name.empty() && name[0] != '.' &&
         name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
             "0123456789._-") == std::string_view::npos;
}

FileDigest ReadFileDigest(TextRecordReader* reader) {
  FileDigest digest{};
  const std::string_view text = reader->Get("digest");
  if (!IsHexId(text, 2 * digest.size())) {
    reader->Fail(fmt::format("a field \"digest\" is not {} hexadecimal digits", 2 * digest.size()));
    return digest;
  }
  HexDecode(text)->copy(reinterpret_cast<char*>(digest.data()), digest.size());
  return digest;
}

void ReadFiles(TextRecordReader* reader, std::vector<SnapshotFile>* files) {
  uint64_t total_bytes = 0;
  for (uint64_t left = reader->GetNumber("files"); left > 0 && reader->ok(); --left) {
    SnapshotFile file;
    file.path = reader->Get("file");
    file.size_bytes = reader->GetNumber("size");
    file.digest = ReadFileDigest(reader);
    if (!IsFilePath(file.path)) {
      reader->Fail("a field \"file\" is not \"<db>/<name>\"");
    }
    if (!files->empty() && files->back().path >= file.path) {
      reader->Fail("the field \"file\" is not in ascending order");
    }
    if (file.size_bytes > std::numeric_limits<uint64_t>::max() - total_bytes) {
      reader->Fail("the fields \"size\" add up to too much");
    }
    total_bytes += file.size_bytes;
    files->push_back(std::move(file));
  }
}

void CheckFields(const SnapshotManifest& manifest, TextRecordReader* reader) {
  if (manifest.store_id.empty()) {
    reader->Fail("the field \"store-id\" is empty");
  }
  if (!IsHexId(manifest.operation_id, kOperationIdDigits)) {
    reader->Fail(
        fmt::format("the field \"operation-id\" is not {} hexadecimal digits", kOperationIdDigits));
  }
  // A store whose first version is N stands at N - 1 while it is empty.
  if (manifest.initial_version < 1 || manifest.version < manifest.initial_version - 1) {
    reader->Fail("the field \"version\" is below \"initial-version\"");
  }
  if (manifest.version == std::numeric_limits<Version>::max() ||
      manifest.wal_from != manifest.version + 1) {
    reader->Fail("the field \"wal-from\" is not the version after \"version\"");
  }
}

}  // namespace

uint64_t SnapshotManifest::TotalBytes() const {
  uint64_t total_bytes = 0;
  for (const SnapshotFile& file : files) {
    total_bytes += file.size_bytes;
  }
  return total_bytes;
}

std::string EncodeSnapshotManifest(const SnapshotManifest& manifest) {
  TextRecordWriter writer(kKind, kFormat);
  writer.AddText("store-id", manifest.store_id);
  writer.AddText("operation-id", manifest.operation_id);
  writer.AddText("build", manifest.build);
  writer.AddText("engine", manifest.engine);
  writer.AddText("key-format", manifest.key_format);
  writer.Add("suite", SuiteName(manifest.suite));
  writer.AddVersion("version", manifest.version);
  writer.AddVersion("initial-version", manifest.initial_version);
  writer.AddDigest("root", manifest.root);
  writer.AddNumber("created-unix-seconds", manifest.created_unix_seconds);
  writer.AddVersion("wal-from", manifest.wal_from);
  writer.AddDigest("content-digest", manifest.content_digest);
  for (const DataDb db : kAllDataDbs) {
    WriteDbSummary(NameOf(db), manifest.dbs[IndexOf(db)], &writer);
  }
  writer.AddNumber("files", manifest.files.size());
  for (const SnapshotFile& file : manifest.files) {
    writer.AddText("file", file.path);
    writer.AddNumber("size", file.size_bytes);
    writer.Add("digest",
               HexEncode({reinterpret_cast<const char*>(file.digest.data()), file.digest.size()}));
  }
  return std::move(writer).Finish();
}

StatusOr<SnapshotManifest> DecodeSnapshotManifest(std::string_view text, std::string_view path) {
  TextRecordReader reader(text, path, kKind, kFormat);
  SnapshotManifest manifest;
  manifest.store_id = reader.GetText("store-id");
  manifest.operation_id = reader.GetText("operation-id");
  manifest.build = reader.GetText("build");
  manifest.engine = reader.GetText("engine");
  manifest.key_format = reader.GetText("key-format");
  if (reader.ok() && manifest.key_format != kKeyFormat) {
    return WithReason(
        FailedPrecondition(fmt::format("read {}: the snapshot has the key format {}; this build "
                                       "reads {}: use the build that took it, {}",
                                       path, manifest.key_format, kKeyFormat, manifest.build)),
        Reason::kIncompatibleFormat);
  }
  manifest.suite = ReadSuite(&reader);
  manifest.version = reader.GetVersion("version");
  manifest.initial_version = reader.GetVersion("initial-version");
  manifest.root = reader.GetDigest("root");
  manifest.created_unix_seconds = reader.GetNumber("created-unix-seconds");
  manifest.wal_from = reader.GetVersion("wal-from");
  manifest.content_digest = reader.GetDigest("content-digest");
  for (const DataDb db : kAllDataDbs) {
    ReadDbSummary(NameOf(db), &reader, &manifest.dbs[IndexOf(db)]);
  }
  ReadFiles(&reader, &manifest.files);
  CheckFields(manifest, &reader);
  RETURN_IF_ERROR(reader.Finish());
  return manifest;
}

}  // namespace flatkv
