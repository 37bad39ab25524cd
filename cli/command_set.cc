#include "cli/command_set.h"

#include <utility>

namespace flatkv::cli {
namespace {

// Runs `body`, then closes the store, whatever came of it.
Status RunAndClose(StoreAccess& access, const CommandSet::AccessBody& body) {
  const Status status = body(access);
  const Status closed = access.Close();
  return status.ok() ? closed : status;
}

}  // namespace

CommandSet::CommandSet(CLI::App* root, std::string command) : root_(root) {
  confirm_.command = std::move(command);
  AddTarget(root);
  AddJson(root);
}

CLI::App* CommandSet::AddGroup(const char* name, const char* summary) {
  CLI::App* group = root_->add_subcommand(name, summary);
  group->require_subcommand(1);
  return group;
}

CLI::App* CommandSet::Add(CLI::App* parent, const char* name, const char* summary,
                          const char* details, Body body) {
  CLI::App* command = (parent == nullptr ? root_ : parent)->add_subcommand(name, summary);
  command->footer(details);
  // A command may hold others: then the one that was typed last counts.
  command->callback([this, command, body = std::move(body)] {
    if (command->get_subcommands().empty()) {
      chosen_ = body;
    }
  });
  AddJson(command);
  return command;
}

CLI::App* CommandSet::AddOnStore(CLI::App* parent, const char* name, const char* summary,
                                 const char* details, IfMissing if_missing, AccessBody body) {
  CLI::App* command =
      Add(parent, name, summary, details, [this, if_missing, body = std::move(body)]() -> Status {
        ASSIGN_OR_RETURN(const std::unique_ptr<StoreAccess> access,
                         OpenTarget(target_, if_missing));
        return RunAndClose(*access, body);
      });
  AddTarget(command);
  return command;
}

CLI::App* CommandSet::AddOnAdmin(CLI::App* parent, const char* name, const char* summary,
                                 const char* details, AdminBody body) {
  CLI::App* command =
      Add(parent, name, summary, details, [this, body = std::move(body)]() -> Status {
        ASSIGN_OR_RETURN(const std::unique_ptr<StoreAccess> access, OpenAdminTarget(target_));
        return RunAndClose(*access, [this, &body](StoreAccess& opened) -> Status {
          ASSIGN_OR_RETURN(StoreAdmin* const admin, opened.Admin());
          return body({opened, *admin, json_});
        });
      });
  AddTarget(command);
  return command;
}

CLI::App* CommandSet::AddOnState(CLI::App* parent, const char* name, const char* summary,
                                 const char* details, StateBody body) {
  CLI::App* command =
      Add(parent, name, summary, details, [this, body = std::move(body)]() -> Status {
        ASSIGN_OR_RETURN(const std::unique_ptr<StoreAccess> access, OpenAdminTarget(target_));
        return RunAndClose(*access, [this, &body](StoreAccess& opened) {
          return body({opened, opened.State(), json_});
        });
      });
  AddTarget(command);
  return command;
}

void CommandSet::AddTarget(CLI::App* command) {
  command
      ->add_option("--address", target_.address,
                   "Daemon to ask: unix:PATH or HOST:PORT [127.0.0.1:7450]")
      ->type_name("ADDR");
  command
      ->add_option("--home", target_.home,
                   "The store in DIR: offline, or for administration through the daemon that has "
                   "it open")
      ->type_name("DIR");
  command
      ->add_option("--config", target_.config, "With --home: configuration file [DIR/flatkv.toml]")
      ->type_name("FILE");
  command
      ->add_option("--timeout", target_.timeout_seconds,
                   "Seconds that a short call to the daemon may take [30]")
      ->type_name("SECONDS")
      ->check(CLI::Range(int64_t{1}, int64_t{86400}));
}

void CommandSet::AddConfirm(CLI::App* command) {
  CLI::Option* yes =
      command->add_flag("--yes", confirm_.yes, "Do it without asking (needed without a terminal)");
  command->add_flag("--dry-run", confirm_.dry_run, "Print the plan and change nothing")
      ->excludes(yes);
}

void CommandSet::AddJson(CLI::App* command) {
  command->add_flag("--json", json_, "Machine-readable output and errors");
}

}  // namespace flatkv::cli
