// root, get, iterate: commands that read a store, online or offline.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/store_access.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

Status RunRoot(StoreAccess& access, std::optional<Version> at, bool json);

struct GetOptions {
  std::string module;
  std::string key_hex;
  bool raw = false;           // the value's bytes and nothing else
  std::optional<Version> at;  // unset: the head
};
// Errors: kNotFound when the key is absent.
Status RunGet(StoreAccess& access, const GetOptions& options, bool json);

struct IterateOptions {
  std::string module;
  std::string start_hex;
  std::optional<std::string> end_hex;
  bool reverse = false;
  uint64_t limit = 0;
  std::optional<Version> at;
};
Status RunIterate(StoreAccess& access, const IterateOptions& options, bool json);

}  // namespace flatkv::cli
