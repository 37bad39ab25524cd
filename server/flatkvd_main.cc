// flatkvd --home DIR [--config FILE] [--listen ADDRESS]... [--admin-listen ADDRESS]
// [--metrics-listen ADDRESS] [--allow-insecure-remote] [--check-config]
// flatkvd --validate-clone DIR, which only flatkvd itself calls (validation_process.h).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/exit_codes.h"
#include "server/build_version.h"
#include "server/daemon.h"
#include "server/validation_process.h"

namespace {

std::string ExitCodesText() {
  return R"(Exit codes: 0 stopped cleanly, 1 unexpected error or an address in use, 2 command line or configuration,
3 [recovery] wipe-confirmation is not the id of the store, 4 no snapshot and changelog lead to a version,
5 the store is open in another process, 6 damaged data, 7 another format, suite or initial version,
8 torn changelog tail with [wal] torn-tail = "refuse", or a store that was not closed cleanly with [recovery]
on-dirty-store = "fail", 9 I/O error, 10 disk full, 130 stopped at once by a signal.)";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == flatkv::server::kValidateCloneFlag) {
    return flatkv::server::RunValidation(argv[2]);
  }
  flatkv::server::DaemonOptions options;
  std::string config_path;
  std::vector<std::string> listen;
  std::string admin_listen;
  std::string metrics_listen;
  bool allow_insecure_remote = false;

  CLI::App app{"flatkvd: a node commits its blocks here over gRPC, and gets their roots.",
               "flatkvd"};
  app.set_version_flag("--version", fmt::format("flatkvd {}", flatkv::server::kBuildVersion));
  app.add_option("--home", options.home,
                 "Directory of the store (in DIR/flatkv) and of flatkv.toml")
      ->required()
      ->type_name("DIR");
  app.add_option("--config", config_path,
                 "Configuration file; without it DIR/flatkv.toml if it exists")
      ->type_name("FILE");
  app.add_option(
         "--listen", listen,
         "Serve on ADDRESS (unix:PATH or HOST:PORT) instead of [server] listen; may be repeated")
      ->type_name("ADDRESS");
  CLI::Option* admin_option =
      app.add_option("--admin-listen", admin_listen,
                     "Serve the admin service on ADDRESS (auto, off, unix:PATH or a loopback "
                     "HOST:PORT) instead of [server] admin-listen")
          ->type_name("ADDRESS");
  CLI::Option* metrics_option =
      app.add_option("--metrics-listen", metrics_listen,
                     "Serve metrics for Prometheus on ADDRESS (HOST:PORT) instead of [server] "
                     "metrics-listen")
          ->type_name("ADDRESS");
  app.add_flag("--allow-insecure-remote", allow_insecure_remote,
               "Allow plaintext on addresses that other machines can reach");
  app.add_flag("--check-config", options.check_config,
               "Print the effective configuration, or what is wrong with it, and exit");
  app.footer(ExitCodesText());

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? flatkv::kExitOk : flatkv::kExitUsage;
  }
  if (!config_path.empty()) {
    options.config_path = config_path;
  }
  if (!listen.empty()) {
    options.flags.push_back({.key = "server.listen",
                             .value = fmt::format("{}", fmt::join(listen, ",")),
                             .flag = "--listen"});
  }
  if (admin_option->count() > 0) {
    options.flags.push_back(
        {.key = "server.admin-listen", .value = admin_listen, .flag = "--admin-listen"});
  }
  if (metrics_option->count() > 0) {
    options.flags.push_back(
        {.key = "server.metrics-listen", .value = metrics_listen, .flag = "--metrics-listen"});
  }
  if (allow_insecure_remote) {
    options.flags.push_back({.key = "server.allow-insecure-remote",
                             .value = "true",
                             .flag = "--allow-insecure-remote"});
  }
  return flatkv::server::RunDaemon(options);
}
