#include "config/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "config/config_keys.h"
#include "config/key_value.h"
#include "config/loader.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv {
namespace {

// Far above any real file: a wrong path must not be read into memory.
constexpr uint64_t kFileBytesMax = uint64_t{1} << 20;

StatusOr<std::string> ReadConfigFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<RandomAccessFile> file, PosixFileSystem().OpenRead(path));
  std::string text(kFileBytesMax + 1, '\0');
  ASSIGN_OR_RETURN(const size_t size_bytes, file->Read(0, text.size(), text.data()));
  if (size_bytes > kFileBytesMax) {
    return InvalidArgument(fmt::format("{}: larger than {} bytes", path, kFileBytesMax));
  }
  text.resize(size_bytes);
  return text;
}

// A comment is one line, and TOML forbids control characters and broken UTF-8 in it.
std::string CommentText(std::string_view text) {
  std::string comment(text);
  for (char& c : comment) {
    if (c < ' ' || c > '~') {
      c = '?';
    }
  }
  return comment;
}

std::string OriginText(const Config& config, const KeySpec& spec) {
  if (const auto found = config.origins.find(QualifiedName(spec)); found != config.origins.end()) {
    return CommentText(found->second);
  }
  return spec.machine_default ? fmt::format("default ({})", spec.zero_meaning) : "default";
}

}  // namespace

Config DefaultConfig() { return Config(); }

Environment ProcessEnvironment() {
  constexpr std::string_view kPrefix = "FLATKV_";
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (text.starts_with(kPrefix) && equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

StatusOr<Config> LoadConfig(const std::string& path, const Environment& environment,
                            const std::vector<FlagOverride>& flags) {
  ASSIGN_OR_RETURN(const std::string text, ReadConfigFile(path));
  return ParseConfig(text, path, environment, flags);
}

StatusOr<Config> ParseConfig(std::string_view toml_text, std::string_view source_name,
                             const Environment& environment,
                             const std::vector<FlagOverride>& flags) {
  ConfigLoader loader;
  loader.ApplyToml(toml_text, source_name);
  loader.ApplyEnvironment(environment);
  loader.ApplyFlags(flags);
  return loader.Finish();
}

std::string RenderEffective(const Config& config) {
  std::string text = "# Effective configuration; the comment says where a value comes from.\n";
  std::string_view section;
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.section != section) {
      section = spec.section;
      text += fmt::format("\n[{}]\n", section);
    }
    text += fmt::format("{} = {}  # {}\n", spec.name, FormatKeyValue(spec, spec.field.get(config)),
                        OriginText(config, spec));
  }
  return text;
}

}  // namespace flatkv
