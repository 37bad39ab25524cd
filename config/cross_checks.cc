#include "config/cross_checks.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "config/key_value.h"
#include "config/metrics_listen.h"
#include "flatkv/base/check.h"

namespace flatkv {
namespace {

const KeySpec* MustFind(std::string_view section, std::string_view name) {
  const KeySpec* spec = FindConfigKey(section, name);
  FLATKV_CHECK(spec != nullptr);
  return spec;
}

void CheckAtLeast(const Config& config, const KeySpec* key, const KeySpec* least,
                  std::vector<CrossProblem>* problems) {
  const KeyValue value = key->field.get(config);
  const KeyValue bound = least->field.get(config);
  if (std::get<int64_t>(value) < std::get<int64_t>(bound)) {
    problems->push_back({key, least,
                         fmt::format("{} is less than {} = {} (allowed: at least as much)",
                                     FormatKeyValue(*key, value), DisplayName(*least),
                                     FormatKeyValue(*least, bound))});
  }
}

// `allowed` names the addresses that need no permission.
void CheckReach(const Config& config, const ListenAddress& address, std::string_view key,
                std::string_view allowed, std::vector<CrossProblem>* problems) {
  if (config.server.allow_insecure_remote || IsLoopback(address)) {
    return;
  }
  const KeySpec* allow = MustFind("server", "allow-insecure-remote");
  problems->push_back({MustFind("server", key), allow,
                       fmt::format("\"{}\" can be reached from other machines, unencrypted "
                                   "(allowed: {}, or any address with {} = true)",
                                   ToString(address), allowed, DisplayName(*allow))});
}

void CheckListen(const Config& config, std::vector<CrossProblem>* problems) {
  for (const ListenAddress& address : config.server.listen) {
    CheckReach(config, address, "listen", "unix:PATH, 127.0.0.0/8, [::1], localhost", problems);
  }
}

CrossProblem Clash(const ListenAddress& address, std::string_view key, std::string_view other) {
  const KeySpec* taken = MustFind("server", other);
  return {MustFind("server", key), taken,
          fmt::format("\"{}\" is in {} too (allowed: an address of its own)", ToString(address),
                      DisplayName(*taken))};
}

// "auto" is known only with the home directory; whoever binds it finds a clash.
void CheckAdmin(const Config& config, std::vector<CrossProblem>* problems) {
  const StatusOr<ListenAddress> admin = ParseListenAddress(config.server.admin_listen);
  if (!admin.ok() || (admin->kind == ListenAddress::Kind::kTcp && admin->port == 0)) {
    return;
  }
  for (const ListenAddress& address : config.server.listen) {
    if (address == *admin) {
      problems->push_back(Clash(*admin, "admin-listen", "listen"));
    }
  }
}

void CheckMetrics(const Config& config, std::vector<CrossProblem>* problems) {
  const StatusOr<std::optional<ListenAddress>> metrics =
      MetricsAddress(config.server.metrics_listen);
  if (!metrics.ok() || !metrics->has_value()) {
    return;
  }
  CheckReach(config, **metrics, "metrics-listen", "127.0.0.0/8, [::1], localhost", problems);
  if ((*metrics)->port == 0) {
    return;
  }
  for (const ListenAddress& address : config.server.listen) {
    if (address == **metrics) {
      problems->push_back(Clash(**metrics, "metrics-listen", "listen"));
    }
  }
  const StatusOr<ListenAddress> admin = ParseListenAddress(config.server.admin_listen);
  if (admin.ok() && *admin == **metrics) {
    problems->push_back(Clash(**metrics, "metrics-listen", "admin-listen"));
  }
}

void CheckWipe(const Config& config, std::vector<CrossProblem>* problems) {
  if (config.store.on_dirty_store == OnDirtyStore::kWipe &&
      config.store.wipe_confirmation.empty()) {
    const KeySpec* confirmation = MustFind("recovery", "wipe-confirmation");
    problems->push_back(
        {MustFind("recovery", "on-dirty-store"), confirmation,
         fmt::format("\"wipe\" gives a store up and is not confirmed (allowed: with {} = the id of "
                     "the store, which `flatkv status` prints)",
                     DisplayName(*confirmation))});
  }
}

}  // namespace

std::vector<CrossProblem> CrossCheck(const Config& config) {
  const KeySpec* change_set = MustFind("limits", "max-change-set-bytes");
  const KeySpec* key = MustFind("limits", "max-key-bytes");
  const KeySpec* value = MustFind("limits", "max-value-bytes");
  const KeySpec* message = MustFind("server", "max-message-bytes");
  std::vector<CrossProblem> problems;
  // A single pair at its limits must fit into a version, and into a call.
  CheckAtLeast(config, change_set, key, &problems);
  CheckAtLeast(config, change_set, value, &problems);
  CheckAtLeast(config, message, key, &problems);
  CheckAtLeast(config, message, value, &problems);
  CheckListen(config, &problems);
  CheckAdmin(config, &problems);
  CheckMetrics(config, &problems);
  CheckWipe(config, &problems);
  return problems;
}

}  // namespace flatkv
