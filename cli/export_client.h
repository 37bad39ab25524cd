// An export by a daemon, over its ArchiveService.
#pragma once

#include "cli/client.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_admin.h"

namespace flatkv::cli {

// As StoreAdmin::Export. What the daemon sends is checked chunk by chunk before `sink` gets it. An
// error of `sink` ends the call, and is returned.
StatusOr<ArchiveManifest> RemoteExport(const ClientOptions& client, const ExportOptions& options,
                                       ExportSink& sink);

}  // namespace flatkv::cli
