// The fields that the manifests of a snapshot and of an archive have in common: the suite, and for
// each data DB its checksum, counts and modules.
#pragma once

#include <string_view>

#include "flatkv/snapshot/snapshot_manifest.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {

void WriteDbSummary(std::string_view name, const SnapshotDb& db, TextRecordWriter* writer);
// What is wrong makes the reader fail.
void ReadDbSummary(std::string_view name, TextRecordReader* reader, SnapshotDb* db);
Suite ReadSuite(TextRecordReader* reader);

}  // namespace flatkv
