#include "flatkv/archive/archive_manifest.h"

#include <fmt/format.h>

#include <limits>

#include "flatkv/snapshot/db_summary.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-archive";
constexpr int kFormat = 1;

void ReadChunks(TextRecordReader* reader, std::vector<ArchiveChunk>* chunks) {
  // The count is only trusted as far as lines follow.
  for (uint64_t left = reader->GetNumber("chunks"); left > 0 && reader->ok(); --left) {
    const std::string name = ChunkName(static_cast<uint32_t>(chunks->size() + 1));
    if (reader->Get("chunk") != name) {
      reader->Fail(fmt::format("a field \"chunk\" is not {}", name));
    }
    ArchiveChunk chunk;
    chunk.size_bytes = reader->GetNumber("size");
    chunk.digest = reader->GetDigest("digest");
    if (chunks->size() == std::numeric_limits<uint32_t>::max()) {
      reader->Fail("there are too many chunks");
    }
    chunks->push_back(chunk);
  }
}

}  // namespace

uint64_t ArchiveManifest::TotalRows() const {
  uint64_t rows = 0;
  for (const SnapshotDb& db : dbs) {
    rows += db.rows;
  }
  return rows;
}

uint64_t ArchiveManifest::TotalBytes() const {
  uint64_t bytes = 0;
  for (const SnapshotDb& db : dbs) {
    bytes += db.bytes;
  }
  return bytes;
}

uint64_t ArchiveManifest::FileBytes() const {
  uint64_t bytes = payload_bytes;
  for (const ArchiveChunk& chunk : chunks) {
    bytes += chunk.size_bytes;
  }
  return bytes;
}

std::string EncodeArchiveManifest(const ArchiveManifest& manifest) {
  TextRecordWriter writer(kKind, kFormat);
  writer.AddText("key-format", manifest.key_format);
  writer.Add("suite", SuiteName(manifest.state.suite));
  writer.AddVersion("version", manifest.state.version);
  writer.AddVersion("initial-version", manifest.initial_version);
  writer.AddDigest("root", manifest.state.root);
  writer.AddDigest("content-digest", manifest.content_digest);
  writer.AddNumber("payload-bytes", manifest.payload_bytes);
  for (const DataDb db : kAllDataDbs) {
    WriteDbSummary(NameOf(db), manifest.dbs[IndexOf(db)], &writer);
  }
  writer.AddNumber("chunks", manifest.chunks.size());
  for (size_t i = 0; i < manifest.chunks.size(); ++i) {
    writer.Add("chunk", ChunkName(static_cast<uint32_t>(i + 1)));
    writer.AddNumber("size", manifest.chunks[i].size_bytes);
    writer.AddDigest("digest", manifest.chunks[i].digest);
  }
  return std::move(writer).Finish();
}

StatusOr<ArchiveManifest> DecodeArchiveManifest(std::string_view text, std::string_view path) {
  TextRecordReader reader(text, path, kKind, kFormat);
  ArchiveManifest manifest;
  manifest.key_format = reader.GetText("key-format");
  if (reader.ok() && manifest.key_format != kKeyFormat) {
    return WithReason(
        FailedPrecondition(fmt::format("read {}: the archive has the key format {}; this build "
                                       "reads {}",
                                       path, manifest.key_format, kKeyFormat)),
        Reason::kIncompatibleFormat);
  }
  manifest.state.suite = ReadSuite(&reader);
  manifest.state.version = reader.GetVersion("version");
  manifest.initial_version = reader.GetVersion("initial-version");
  manifest.state.root = reader.GetDigest("root");
  manifest.content_digest = reader.GetDigest("content-digest");
  manifest.payload_bytes = reader.GetNumber("payload-bytes");
  for (const DataDb db : kAllDataDbs) {
    ReadDbSummary(NameOf(db), &reader, &manifest.dbs[IndexOf(db)]);
  }
  ReadChunks(&reader, &manifest.chunks);
  if (manifest.initial_version < 1 || manifest.state.version < manifest.initial_version ||
      manifest.state.version == std::numeric_limits<Version>::max()) {
    reader.Fail("the field \"version\" is below \"initial-version\"");
  }
  const Status finished = reader.Finish();
  if (finished.code() == StatusCode::kDataLoss) {
    return WithReason(DataLoss(MessageOf(finished)), Reason::kArchiveCorrupt);
  }
  RETURN_IF_ERROR(finished);
  return manifest;
}

}  // namespace flatkv
