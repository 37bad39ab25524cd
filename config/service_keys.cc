#include <cstdint>
#include <span>
#include <string_view>

#include "config/admin_listen.h"
#include "config/key_binding.h"
#include "config/key_tables.h"
#include "config/metrics_listen.h"

namespace flatkv {
namespace {

constexpr KeyChoices kLogLevels = {"debug", "info", "warning", "error"};
constexpr KeyChoices kLogFormats = {"text", "json"};
static_assert(static_cast<int>(LogLevel::kDebug) == 0 && static_cast<int>(LogLevel::kInfo) == 1 &&
              static_cast<int>(LogLevel::kWarning) == 2 && static_cast<int>(LogLevel::kError) == 3);
static_assert(static_cast<int>(LogFormat::kText) == 0 && static_cast<int>(LogFormat::kJson) == 1);

// Prefix, address and slot of a storage key, rounded up (docs/format.md).
constexpr int64_t kKeyBytesMin = 64;

constexpr KeySpec kKeys[] = {
    {.section = "limits",
     .name = "max-key-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::limits, &ChangeSetLimits::key_bytes_max>(),
     .min = kKeyBytesMin,
     .max = kMiB,
     .unit = "bytes",
     .description = "The longest key of a pair, module name excluded."},
    {.section = "limits",
     .name = "max-module-bytes",
     .type = KeyType::kSize,
     .field =
         NumberField<&Config::store, &StoreOptions::limits, &ChangeSetLimits::module_bytes_max>(),
     .min = 8,
     .max = 4 * kKiB,
     .unit = "bytes",
     .description = "The longest module name."},
    {.section = "limits",
     .name = "max-value-bytes",
     .type = KeyType::kSize,
     .field =
         NumberField<&Config::store, &StoreOptions::limits, &ChangeSetLimits::value_bytes_max>(),
     .min = kKiB,
     .max = kGiB,
     .unit = "bytes",
     .description = "The longest value of a pair."},
    {.section = "limits",
     .name = "max-change-set-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::store, &StoreOptions::limits,
                          &ChangeSetLimits::change_set_bytes_max>(),
     .min = kKiB,
     .max = kGiB,
     .unit = "bytes",
     .description = "The largest encoding of all changes of one version."},
    {.section = "server",
     .name = "listen",
     .type = KeyType::kAddressList,
     .field = AddressListField<&Config::server, &ServerConfig::listen>(),
     .description = "Addresses on which the daemon serves gRPC; port 0 takes any free port."},
    {.section = "server",
     .name = "allow-insecure-remote",
     .type = KeyType::kBoolean,
     .field = NumberField<&Config::server, &ServerConfig::allow_insecure_remote>(),
     .description = "Permits an address in listen or metrics-listen that other machines can reach, "
                    "unencrypted."},
    {.section = "server",
     .name = "admin-listen",
     .type = KeyType::kText,
     .field = TextField<&Config::server, &ServerConfig::admin_listen>(),
     .allowed = "\"auto\" (unix:HOME/admin.sock), \"off\", \"unix:PATH\", a loopback \"HOST:PORT\"",
     .check = &CheckAdminListen,
     .description = "Address on which the daemon serves AdminService, and nothing else."},
    {.section = "server",
     .name = "metrics-listen",
     .type = KeyType::kText,
     .field = TextField<&Config::server, &ServerConfig::metrics_listen>(),
     .allowed = "\"\" (none), \"HOST:PORT\", \"[IPV6]:PORT\"",
     .check = &CheckMetricsListen,
     .description = "Address on which the daemon serves metrics for Prometheus, over HTTP."},
    {.section = "server",
     .name = "disk-warn-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::server, &ServerConfig::disk_warn_bytes>(),
     .max = 16 * kTiB,
     .zero_meaning = "no warning",
     .unit = "bytes",
     .description = "Free space on the store's file system below which the daemon warns."},
    {.section = "server",
     .name = "max-message-bytes",
     .type = KeyType::kSize,
     .field = NumberField<&Config::server, &ServerConfig::max_message_bytes>(),
     .min = 64 * kKiB,
     .max = 2 * kGiB - kMiB,
     .unit = "bytes",
     .description = "The largest gRPC message that the daemon accepts."},
    {.section = "server",
     .name = "drain-timeout",
     .type = KeyType::kDuration,
     .field = NumberField<&Config::server, &ServerConfig::drain_timeout>(),
     .max = kMillisecondsOfHour,
     .unit = "ms, s, m or h",
     .description = "Time that calls in progress have to finish after SIGTERM."},
    {.section = "server",
     .name = "reflection",
     .type = KeyType::kBoolean,
     .field = NumberField<&Config::server, &ServerConfig::reflection>(),
     .description = "Serves gRPC reflection, with which grpcurl lists and calls the services."},
    {.section = "log",
     .name = "level",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::log, &LogConfig::level>(),
     .choices = kLogLevels,
     .description = "The least severe events that are logged."},
    {.section = "log",
     .name = "format",
     .type = KeyType::kChoice,
     .field = NumberField<&Config::log, &LogConfig::format>(),
     .choices = kLogFormats,
     .description = "The form of a log line."},
};

}  // namespace

std::span<const KeySpec> ServiceKeys() { return kKeys; }

}  // namespace flatkv
