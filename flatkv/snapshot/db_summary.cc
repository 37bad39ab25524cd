#include "flatkv/snapshot/db_summary.h"

#include <fmt/format.h>

namespace flatkv {

void WriteDbSummary(std::string_view name, const SnapshotDb& db, TextRecordWriter* writer) {
  writer->Add("db", name);
  writer->AddDigest("checksum", db.checksum);
  writer->AddNumber("rows", db.rows);
  writer->AddNumber("bytes", db.bytes);
  writer->AddNumber("modules", db.modules.size());
  for (const SnapshotModule& module : db.modules) {
    writer->AddText("module", module.name);
    writer->AddDigest("module-checksum", module.checksum);
    writer->AddNumber("module-rows", module.rows);
    writer->AddNumber("module-bytes", module.bytes);
  }
}

void ReadDbSummary(std::string_view name, TextRecordReader* reader, SnapshotDb* db) {
  if (reader->Get("db") != name) {
    reader->Fail(fmt::format("the field \"db\" is not {}", name));
  }
  db->checksum = reader->GetDigest("checksum");
  db->rows = reader->GetNumber("rows");
  db->bytes = reader->GetNumber("bytes");
  // The count is only trusted as far as lines follow.
  for (uint64_t left = reader->GetNumber("modules"); left > 0 && reader->ok(); --left) {
    SnapshotModule module;
    module.name = reader->GetText("module");
    module.checksum = reader->GetDigest("module-checksum");
    module.rows = reader->GetNumber("module-rows");
    module.bytes = reader->GetNumber("module-bytes");
    if (module.name.empty() || module.name.find('/') != std::string::npos) {
      reader->Fail("a field \"module\" is no module name");
    }
    if (!db->modules.empty() && db->modules.back().name >= module.name) {
      reader->Fail("the field \"module\" is not in ascending order");
    }
    db->modules.push_back(std::move(module));
  }
}

Suite ReadSuite(TextRecordReader* reader) {
  const std::string_view name = reader->Get("suite");
  for (const Suite suite : {Suite::kSha256, Suite::kBlake3}) {
    if (name == SuiteName(suite)) {
      return suite;
    }
  }
  reader->Fail("the field \"suite\" names no known suite");
  return Suite::kSha256;
}

}  // namespace flatkv
