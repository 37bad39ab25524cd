// What the command line is built from: each family of commands (register_*.cc) adds its own.
//
// Parsing chooses a body; the command line runs it afterwards. Options that every command knows
// (--json, --address, --home ...) are kept here; a family keeps its own in what its bodies capture.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/admin_session.h"
#include "cli/confirm.h"
#include "cli/state_session.h"
#include "cli/target.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

class CommandSet {
 public:
  using Body = std::function<Status()>;
  using AccessBody = std::function<Status(StoreAccess&)>;
  using AdminBody = std::function<Status(const AdminSession&)>;
  using StateBody = std::function<Status(const StateSession&)>;

  // `command`: what was typed, quoted.
  CommandSet(CLI::App* root, std::string command);

  // A command that only holds others.
  CLI::App* AddGroup(const char* name, const char* summary);
  // `parent` null: at the top. `details` ends the help: two examples and the JSON shape.
  CLI::App* Add(CLI::App* parent, const char* name, const char* summary, const char* details,
                Body body);
  // On a store that a daemon serves or that --home names.
  CLI::App* AddOnStore(CLI::App* parent, const char* name, const char* summary, const char* details,
                       IfMissing if_missing, AccessBody body);
  // Through StoreAdmin, online or offline alike.
  CLI::App* AddOnAdmin(CLI::App* parent, const char* name, const char* summary, const char* details,
                       AdminBody body);

  // Through StateReader, in the same way.
  CLI::App* AddOnState(CLI::App* parent, const char* name, const char* summary, const char* details,
                       StateBody body);

  // --address, --home, --config and --timeout.
  void AddTarget(CLI::App* command);
  // --yes and --dry-run.
  void AddConfirm(CLI::App* command);

  // As parsed; for bodies.
  const TargetOptions& target() const { return target_; }
  bool json() const { return json_; }
  const ConfirmOptions& confirm() const { return confirm_; }

  // Of the command that was typed; null before.
  const Body& chosen() const { return chosen_; }

 private:
  void AddJson(CLI::App* command);

  CLI::App* const root_;
  TargetOptions target_;
  bool json_ = false;
  ConfirmOptions confirm_;
  Body chosen_;
};

void RegisterReads(CommandSet& commands);
void RegisterReplay(CommandSet& commands);
void RegisterSnapshots(CommandSet& commands);
void RegisterHistory(CommandSet& commands);
void RegisterVerify(CommandSet& commands);
void RegisterState(CommandSet& commands);
void RegisterWal(CommandSet& commands);
void RegisterArchive(CommandSet& commands);
// Into the group `archive`.
void RegisterSei(CommandSet& commands, CLI::App* archive);
void RegisterRecovery(CommandSet& commands);
void RegisterConfig(CommandSet& commands);
void RegisterCompact(CommandSet& commands);
void RegisterBackup(CommandSet& commands);
void RegisterUpkeep(CommandSet& commands);

}  // namespace flatkv::cli
