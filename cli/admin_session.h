// What a command that works through StoreAdmin runs with.
#pragma once

#include "cli/confirm.h"
#include "cli/store_access.h"
#include "flatkv/store/store_admin.h"

namespace flatkv::cli {

struct AdminSession {
  StoreAccess& access;  // says which store it is
  StoreAdmin& admin;
  bool json = false;
};

}  // namespace flatkv::cli
