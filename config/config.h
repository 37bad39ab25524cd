// The configuration of flatkvd: a TOML file, environment variables and command-line flags in one
// typed struct.
//
// Precedence: flag > environment FLATKV_<SECTION>_<KEY> > file > default. Every key is one entry of
// the table in config_keys.h, which drives parsing, validation, the environment, rendering and the
// check of flatkv.toml.
//
// Errors: kInvalidArgument lists every problem, one a line: "WHERE: [section] key: what is wrong
// (allowed: ...)", where WHERE is "FILE:LINE", "environment NAME" or "flag NAME". No exception
// leaves this folder. Thread safety: everything here is a value or a pure function,
// ProcessEnvironment excepted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/listen_address.h"
#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/store/store_options.h"

namespace flatkv {

struct ServerConfig {
  std::vector<ListenAddress> listen = {{.host = "127.0.0.1", .port = 7450}};
  // Without it an address that is not IsLoopback() is refused: the connection is plaintext.
  bool allow_insecure_remote = false;
  // Where AdminService listens: see AdminAddress (admin_listen.h).
  std::string admin_listen = "auto";
  // Where metrics are served: see MetricsAddress (metrics_listen.h).
  std::string metrics_listen;
  // Less free space on the store's file system is warned of; 0: never.
  uint64_t disk_warn_bytes = uint64_t{5} << 30;
  uint64_t max_message_bytes = uint64_t{64} << 20;
  std::chrono::milliseconds drain_timeout{30'000};
  bool reflection = true;
};

enum class LogFormat { kText, kJson };

struct LogConfig {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

struct Config {
  StoreOptions store;
  ServerConfig server;
  LogConfig log;
  // Where a key's value came from, by name ("wal.sync"): "flatkv.toml:12", "environment
  // FLATKV_WAL_SYNC" or "flag --listen". Absent: the default.
  std::map<std::string, std::string, std::less<>> origins;
};

// Environment variables, name to value.
using Environment = std::map<std::string, std::string, std::less<>>;
// The variables of this process that begin with FLATKV_. REQUIRES: no other thread changes the
// environment.
Environment ProcessEnvironment();

// One command-line flag that sets a key. The last flag of a key wins.
struct FlagOverride {
  std::string key;    // "wal.sync"
  std::string value;  // spelled as in an environment variable: no quotes, lists separated by commas
  std::string flag;   // for messages, as typed: "--listen"
};

Config DefaultConfig();

// Reads `path` and parses it. Errors: those of ParseConfig; ErrnoStatus when the file cannot be
// read, kNotFound included; kInvalidArgument when it is larger than 1 MiB.
StatusOr<Config> LoadConfig(const std::string& path, const Environment& environment,
                            const std::vector<FlagOverride>& flags = {});

// `source_name` stands for FILE in messages and origins. Variables that do not begin with
// FLATKV_<known section>_ are left alone; an unknown key behind such a beginning is an error. Empty
// `toml_text` is a valid file without keys.
StatusOr<Config> ParseConfig(std::string_view toml_text, std::string_view source_name,
                             const Environment& environment,
                             const std::vector<FlagOverride>& flags = {});

// TOML text of every key with its effective value and, as a comment, where that came from. Parsing
// it gives the same values again.
std::string RenderEffective(const Config& config);

// config/flatkv.toml, compiled in: every key with its default and its documentation.
std::string_view DefaultConfigText();

}  // namespace flatkv
