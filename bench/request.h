// The request that commits a block.
#pragma once

#include "cli/client_convert.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"
#include "flatkv/v1/commit_service.pb.h"

namespace flatkv::bench {

// Overwrites *request, which keeps the strings and elements that it has.
inline void FillRequest(Version version, const ChangeSets& changes,
                        v1::CommitBlockRequest* request) {
  request->set_version(version);
  cli::Fill(changes, request->mutable_changesets());
}

}  // namespace flatkv::bench
