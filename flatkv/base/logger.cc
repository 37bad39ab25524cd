#include "flatkv/base/logger.h"

namespace flatkv {
namespace {

class DroppingLogger final : public Logger {
 public:
  void Log(LogLevel, std::string_view, std::string_view) override {}
};

}  // namespace

Logger& NullLogger() {
  static DroppingLogger logger;
  return logger;
}

}  // namespace flatkv
