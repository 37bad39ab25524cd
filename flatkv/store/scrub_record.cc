#include "flatkv/store/scrub_record.h"

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-scrub";
constexpr int kFormat = 1;
constexpr char kScrubName[] = "scrub";
constexpr uint64_t kBytesMax = uint64_t{1} << 20;

bool ReadFlag(std::string_view name, TextRecordReader* reader) {
  const uint64_t value = reader->GetNumber(name);
  if (value > 1) {
    reader->Fail("a flag is neither 0 nor 1");
  }
  return value == 1;
}

}  // namespace

std::string EncodeScrubRecord(const ScrubRecord& record) {
  TextRecordWriter writer(kKind, kFormat);
  writer.AddNumber("running", record.running ? 1 : 0);
  writer.AddNumber("paused", record.paused ? 1 : 0);
  writer.AddNumber("started-unix-seconds", record.started_unix_seconds);
  writer.AddNumber("bytes", record.bytes);
  writer.AddVersion("snapshot", record.snapshot);
  writer.AddText("file", record.file);
  writer.AddNumber("data-dbs", record.data_dbs);
  writer.AddNumber("last-end-unix-seconds", record.last_end_unix_seconds);
  writer.AddNumber("last-seconds", record.last_seconds);
  writer.AddNumber("last-bytes", record.last_bytes);
  writer.AddNumber("last-findings", record.last_findings);
  for (const std::string& finding : record.findings) {
    writer.AddText("finding", finding);
  }
  return std::move(writer).Finish();
}

StatusOr<ScrubRecord> DecodeScrubRecord(std::string_view text, std::string_view path) {
  TextRecordReader reader(text, path, kKind, kFormat);
  ScrubRecord record;
  record.running = ReadFlag("running", &reader);
  record.paused = ReadFlag("paused", &reader);
  record.started_unix_seconds = reader.GetNumber("started-unix-seconds");
  record.bytes = reader.GetNumber("bytes");
  record.snapshot = reader.GetVersion("snapshot");
  record.file = reader.GetText("file");
  record.data_dbs = reader.GetNumber("data-dbs");
  record.last_end_unix_seconds = reader.GetNumber("last-end-unix-seconds");
  record.last_seconds = reader.GetNumber("last-seconds");
  record.last_bytes = reader.GetNumber("last-bytes");
  record.last_findings = reader.GetNumber("last-findings");
  while (reader.ok() && reader.NextIs("finding")) {
    record.findings.push_back(reader.GetText("finding"));
  }
  RETURN_IF_ERROR(reader.Finish());
  return record;
}

StatusOr<ScrubRecord> ReadScrubRecord(FileSystem& fs, const std::string& directory) {
  const std::string path = JoinPath(directory, kScrubName);
  const StatusOr<std::string> text = ReadRecordFile(fs, path, kBytesMax);
  if (IsNotFound(text.status())) {
    return ScrubRecord();
  }
  RETURN_IF_ERROR(text.status());
  return DecodeScrubRecord(*text, path);
}

Status WriteScrubRecord(FileSystem& fs, const std::string& directory, const ScrubRecord& record) {
  return WriteFileDurably(fs, JoinPath(directory, kScrubName), EncodeScrubRecord(record));
}

Status RemoveScrubRecord(FileSystem& fs, const std::string& directory) {
  return RemoveFileDurably(fs, JoinPath(directory, kScrubName));
}

}  // namespace flatkv
