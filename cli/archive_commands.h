// export, import, archive verify, compact --to.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "cli/admin_session.h"
#include "cli/confirm.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct ExportCommand {
  std::string to;             // a directory, or with the ending .tar one file
  std::optional<Version> at;  // unset: the head, or what an interrupted export in `to` is of
  size_t threads = 1;
};
// Goes on with an interrupted one in a directory. Errors: those of StoreAdmin::Export and of the
// archive's writer.
Status RunExport(const AdminSession& session, const ExportCommand& command,
                 const std::function<bool()>& interrupted);

struct ImportCommand {
  std::string from;
  std::string home;
  std::string expect_root;  // hex; empty: none
  bool replace = false;
  size_t threads = 1;
  bool json = false;
  ConfirmOptions confirm;
};
// Errors: those of ImportArchive; kFailedPrecondition with Reason::kConfirmationNeeded.
Status RunImport(const ImportCommand& command, Person& person,
                 const std::function<bool()>& interrupted);

struct ArchiveVerifyCommand {
  std::string path;
  size_t threads = 1;
  bool json = false;
};
// Errors: kDataLoss when there are findings.
Status RunArchiveVerify(const ArchiveVerifyCommand& command,
                        const std::function<bool()>& interrupted);

struct CopyCommand {
  std::string to;             // a home that is absent or empty
  std::optional<Version> at;  // unset: the head
  size_t threads = 1;
};
Status RunCompactTo(const AdminSession& session, const CopyCommand& command,
                    const std::function<bool()>& interrupted);

// As many as there are processors, 8 at most.
size_t DefaultArchiveThreads();

}  // namespace flatkv::cli
