#include "flatkv/engine/leveldb_info_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace flatkv {

void LevelDbInfoLog::Logv(const char* format, std::va_list arguments) {
  char text[512];
  const int length = std::vsnprintf(text, sizeof(text), format, arguments);
  if (length <= 0) {
    return;
  }
  std::string_view line(text, std::min(static_cast<size_t>(length), sizeof(text) - 1));
  if (line.ends_with('\n')) {
    line.remove_suffix(1);
  }
  logger_.Log(LogLevel::kDebug, "leveldb.info", fmt::format("{}: {}", path_, line));
}

}  // namespace flatkv
