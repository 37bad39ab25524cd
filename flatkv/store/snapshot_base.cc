#include "flatkv/store/snapshot_base.h"

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-snapshot-base";
constexpr int kFormat = 1;
constexpr uint64_t kBytesMax = 4096;

}  // namespace

std::string EncodeSnapshotBase(const SnapshotBase& base) {
  TextRecordWriter writer(kKind, kFormat);
  writer.Add("store-id", base.store_id);
  writer.Add("suite", SuiteName(base.suite));
  writer.AddVersion("version", base.version);
  writer.Add("operation-id", base.operation_id);
  return std::move(writer).Finish();
}

StatusOr<SnapshotBase> ReadSnapshotBase(FileSystem& fs, const std::string& directory) {
  const std::string path = JoinPath(directory, kSnapshotBaseName);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(fs, path, kBytesMax));
  TextRecordReader reader(text, path, kKind, kFormat);
  SnapshotBase base;
  base.store_id = reader.Get("store-id");
  const std::string_view suite = reader.Get("suite");
  base.suite = suite == SuiteName(Suite::kBlake3) ? Suite::kBlake3 : Suite::kSha256;
  if (reader.ok() && suite != SuiteName(base.suite)) {
    reader.Fail("unknown suite");
  }
  base.version = reader.GetVersion("version");
  base.operation_id = reader.Get("operation-id");
  RETURN_IF_ERROR(reader.Finish());
  return base;
}

}  // namespace flatkv
