// The reader behind Wal::NewReader, and the single-record read behind Wal::Find.
//
// A reader works on the segments as they were when it was made: appends and rolls happen behind its
// range. It opens a segment when it comes to it. After a prune of versions that it has not passed,
// or a cut of its range, Next returns kOutOfRange; an open file handle does not keep a removed
// segment readable. A reader may outlive Close of the log.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal.h"
#include "flatkv/wal/wal_index.h"

namespace flatkv::wal_internal {

// Reads and verifies the header of `version` in its place: at most two small reads.
// Errors: kDataLoss, also if the file is gone.
StatusOr<WalRecordInfo> ReadRecordInfo(FileSystem& fs, std::string_view directory,
                                       const RecordPlace& place, Version version);

// A reader over `first` .. `last`; `range` is what WalIndex::OpenRange gave for it, `prev_digest`
// the digest of the record before `first`.
std::unique_ptr<WalReader> MakeReader(FileSystem& fs, std::string directory, Version first,
                                      Version last, ReadRange range, const Digest& prev_digest);

}  // namespace flatkv::wal_internal
