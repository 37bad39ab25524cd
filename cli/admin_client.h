// A running daemon's StoreAdmin, over the AdminService of its admin listener.
//
// Short calls have the deadline of ClientOptions; create, prune, rollback, reorg and verify have
// none. After Ctrl-C a verification is cancelled; of the others only the wait ends, with
// kCancelled, and the daemon goes on.
#pragma once

#include <functional>
#include <memory>

#include "cli/client.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_admin.h"

namespace flatkv::cli {

class AdminClient : public StoreAdmin {
 public:
  // Retention() with its errors, which StoreAdmin's own has no place for: that one answers with
  // nothing when the daemon does not. Errors: kUnimplemented where another service listens.
  virtual StatusOr<RetentionInfo> AskRetention() = 0;
};

// Connects on the first call. `interrupted` is asked while a call without a deadline runs.
std::unique_ptr<AdminClient> NewAdminClient(const ClientOptions& options,
                                            std::function<bool()> interrupted);

}  // namespace flatkv::cli
