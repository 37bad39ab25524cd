// Any text as a configuration file: a configuration, or an error that names its source. What is
// accepted renders to a text that is accepted again.
#include <string>

#include "config/config.h"
#include "flatkv/base/check.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flatkv;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const StatusOr<Config> config = ParseConfig(text, "fuzz.toml", {});
  if (config.ok()) {
    FLATKV_CHECK(ParseConfig(RenderEffective(*config), "rendered.toml", {}).ok());
  } else {
    FLATKV_CHECK(config.status().code() == StatusCode::kInvalidArgument);
  }
  return 0;
}
