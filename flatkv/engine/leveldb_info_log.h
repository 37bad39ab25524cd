// LevelDB's diary (flushes, compactions, stalls), which would otherwise be a file LOG in the
// directory of the DB: forwarded as debug events "leveldb.info".
#pragma once

#include <leveldb/env.h>

#include <string>

#include "flatkv/base/logger.h"

namespace flatkv {

// Thread-safe. `logger` outlives it; `path` names the DB in every line.
class LevelDbInfoLog final : public leveldb::Logger {
 public:
  LevelDbInfoLog(flatkv::Logger& logger, const std::string& path) : logger_(logger), path_(path) {}

  void Logv(const char* format, std::va_list arguments) override;

 private:
  flatkv::Logger& logger_;
  const std::string path_;
};

}  // namespace flatkv
