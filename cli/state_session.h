// What a command that works through StateReader runs with.
#pragma once

#include "cli/store_access.h"
#include "flatkv/store/state_reader.h"

namespace flatkv::cli {

struct StateSession {
  StoreAccess& access;  // says which store it is
  StateReader& state;
  bool json = false;
};

}  // namespace flatkv::cli
