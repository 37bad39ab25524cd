// Translation between LevelDB's Status and ours.
//
//   LevelDB          ours                                when
//   NotFound         kNotFound                           a name that does not exist
//   Corruption       kDataLoss, Reason::kDataDbCorrupt   a failed checksum, a missing file
//   IOError          kUnknown                            a failed call; IoMonitor knows more
//   InvalidArgument  kFailedPrecondition                 a directory with another comparator
//   NotSupported     kInternal                           a call that our Env does not offer
#pragma once

#include <leveldb/status.h>

#include <string>

#include "flatkv/base/status.h"

namespace flatkv {

// The message is kept whole. kNotFound and kDataLoss keep their meaning; everything else becomes
// IOError.
leveldb::Status ToLevelDb(const Status& status);

// The message gets `path`, the directory of the DB, in front.
Status FromLevelDb(const leveldb::Status& status, const std::string& path);

}  // namespace flatkv
