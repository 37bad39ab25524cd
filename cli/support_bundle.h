// support-bundle: one directory with what somebody needs who looks into a problem elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "cli/admin_session.h"
#include "cli/target.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct BundleOptions {
  std::string to;
  uint64_t blocks = 10;  // change sets of so many last versions
};

// Makes the directory and fills it. A part that cannot be had is named in its MANIFEST with the
// reason and fails nothing. Errors: kInvalidArgument for a directory that is there; those of
// writing.
Status RunSupportBundle(const AdminSession& session, const TargetOptions& target,
                        const BundleOptions& options);

}  // namespace flatkv::cli
