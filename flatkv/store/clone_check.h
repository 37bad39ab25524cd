// Opening a clone of a snapshot to see whether it is what it should be. The snapshot itself is
// never opened: LevelDB writes into whatever it opens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/verify_rows.h"

namespace flatkv {

// The data DBs of a scratch directory with threads of their own and small buffers.
class ScratchDbs {
 public:
  // `write_buffer_bytes` is that of each DB.
  static StatusOr<std::unique_ptr<ScratchDbs>> Open(FileSystem& fs, Logger& logger,
                                                    const std::string& directory,
                                                    uint64_t write_buffer_bytes);
  ~ScratchDbs();

  DataDbs& dbs() { return *dbs_; }

 private:
  ScratchDbs();

  std::unique_ptr<BackgroundThreads> threads_;
  std::unique_ptr<DataDbs> dbs_;
};

// Opens the clone and checks that every DB stands at `version` with `state`.
// Errors: kDataLoss naming the DB.
Status CheckClone(FileSystem& fs, Logger& logger, const std::string& directory, Version version,
                  const StoreState& state);

}  // namespace flatkv
