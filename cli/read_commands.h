// status, root, get, iterate, verify: commands that read a store, online or offline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/store_access.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

Status RunStatus(StoreAccess& access, bool json);

Status RunRoot(StoreAccess& access, std::optional<Version> at, bool json);

struct GetOptions {
  std::string module;
  std::string key_hex;
  bool raw = false;  // the value's bytes and nothing else
};
// Errors: kNotFound when the key is absent.
Status RunGet(StoreAccess& access, const GetOptions& options, bool json);

struct IterateOptions {
  std::string module;
  std::string start_hex;
  std::optional<std::string> end_hex;
  bool reverse = false;
  uint64_t limit = 0;
};
Status RunIterate(StoreAccess& access, const IterateOptions& options, bool json);

// Offline only. Errors: kInvalidArgument online.
Status RunVerify(StoreAccess& access, bool json);

}  // namespace flatkv::cli
