#include "flatkv/codec/keys.h"

#include <fmt/format.h>

#include <cstring>

#include "flatkv/base/hex.h"

namespace flatkv {
namespace {

constexpr size_t kKeyBytesShownMax = 64;

Status Invalid(std::string_view message) {
  return WithReason(InvalidArgument(message), Reason::kInvalidChangeSet);
}

}  // namespace

Status ValidateModule(std::string_view module) {
  if (module.empty()) {
    return Invalid("a change set has an empty module name");
  }
  if (module == kMetaModule) {
    return Invalid("module name \"_meta\" is reserved for the store's own records");
  }
  if (module.find('/') != std::string_view::npos) {
    return Invalid(fmt::format("module name \"{}\" contains '/'", module));
  }
  return OkStatus();
}

Status ValidateKey(std::string_view module, std::string_view key) {
  if (key.empty() && module == kEvmModule) {
    return Invalid("a pair of module evm has an empty key");
  }
  return OkStatus();
}

RowTarget TargetOf(std::string_view module, std::string_view key) {
  if (module != kEvmModule) {
    return {DataDb::kMisc, Field::kWhole};
  }
  if (key.size() == 1 + kAddressBytes) {
    switch (key.front()) {
      case kNoncePrefix:
        return {DataDb::kAccount, Field::kNonce};
      case kCodeHashPrefix:
        return {DataDb::kAccount, Field::kCodeHash};
      case kCodePrefix:
        return {DataDb::kCode, Field::kWhole};
      default:
        break;
    }
  } else if (key.size() == 1 + kAddressBytes + kSlotBytes && key.front() == kStoragePrefix) {
    return {DataDb::kStorage, Field::kWhole};
  }
  return {DataDb::kMisc, Field::kWhole};
}

void WritePhysicalKey(std::string_view module, std::string_view key, RowTarget target, char* out) {
  std::memcpy(out, module.data(), module.size());
  out += module.size();
  *out++ = '/';
  if (!key.empty()) {
    std::memcpy(out, key.data(), key.size());
  }
  if (target.field == Field::kCodeHash) {
    *out = kNoncePrefix;  // nonce and code hash share one row
  }
}

std::string PhysicalKey(std::string_view module, std::string_view key) {
  std::string physical(PhysicalKeyBytes(module, key), '\0');
  WritePhysicalKey(module, key, TargetOf(module, key), physical.data());
  return physical;
}

std::string_view ModuleOf(std::string_view physical_key) {
  const size_t slash = physical_key.find('/');
  return slash == std::string_view::npos ? std::string_view() : physical_key.substr(0, slash);
}

std::string_view KeyInModule(std::string_view physical_key) {
  const size_t slash = physical_key.find('/');
  return slash == std::string_view::npos ? std::string_view() : physical_key.substr(slash + 1);
}

std::string DescribeKey(std::string_view module, std::string_view key) {
  const bool shortened = key.size() > kKeyBytesShownMax;
  return fmt::format("{} key {}{} ({} bytes)", module, HexEncode(key.substr(0, kKeyBytesShownMax)),
                     shortened ? ".." : "", key.size());
}

}  // namespace flatkv
