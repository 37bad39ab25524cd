#include "cli/config_commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "cli/errors.h"
#include "cli/output.h"
#include "cli/target.h"
#include "config/config.h"

namespace flatkv::cli {
Status RunConfigCheck(const std::string& file, bool json) {
  ASSIGN_OR_RETURN(const Config config, LoadConfigFile(file));
  if (json) {
    PrintJsonLine({{"file", file}, {"ok", true}, {"keys_set", config.origins.size()}});
  } else {
    fmt::print("{}: ok, {} keys set\n", file, config.origins.size());
  }
  return OkStatus();
}

Status RunConfigInit(const std::string& output, bool json) {
  const std::string_view text = DefaultConfigText();
  if (output == "-") {
    fmt::print("{}", text);
    return OkStatus();
  }
  std::FILE* file = std::fopen(output.c_str(), "wxe");
  if (file == nullptr) {
    const Status status =
        Recode(ErrnoStatus("create", output, errno), StatusCode::kInvalidArgument);
    return errno == EEXIST
               ? WithHint(status, "it is left as it is; choose another name with --output FILE")
               : status;
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int write_error = errno;
  if (std::fclose(file) != 0 || !written) {
    return ErrnoStatus("write", output, written ? errno : write_error);
  }
  if (json) {
    PrintJsonLine({{"file", output}, {"bytes", text.size()}});
  } else {
    fmt::print("{}: written; every key has its default\n", output);
  }
  return OkStatus();
}

Status RunConfigShow(const std::optional<std::string>& file, bool json) {
  Config config;
  if (file.has_value()) {
    ASSIGN_OR_RETURN(config, LoadConfigFile(*file));
  } else {
    ASSIGN_OR_RETURN(config, ParseConfig("", "defaults", ProcessEnvironment()));
  }
  if (json) {
    OrderedJson origins = OrderedJson::object();
    for (const auto& [key, origin] : config.origins) {
      origins[key] = origin;
    }
    PrintJsonLine({{"toml", RenderEffective(config)}, {"origins", origins}});
  } else {
    fmt::print("{}", RenderEffective(config));
  }
  return OkStatus();
}

}  // namespace flatkv::cli
