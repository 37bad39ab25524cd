#include "tests/support/fs_call.h"

#include <fmt/format.h>

#include <array>

namespace flatkv::test {
namespace {

constexpr std::array<std::string_view, 23> kNames = {
    "create",   "openappend", "append",   "sync",       "writeback", "close", "truncate", "link",
    "symlink",  "rename",     "exchange", "removefile", "removedir", "mkdir", "syncdir",  "lock",
    "openread", "read",       "size",     "readlink",   "list",      "stat",  "freebytes"};
static_assert(kNames.size() == static_cast<size_t>(FsOp::kFreeBytes) + 1);

}  // namespace

std::string_view FsOpName(FsOp op) { return kNames[static_cast<size_t>(op)]; }

bool IsMutating(FsOp op) { return op < FsOp::kOpenRead; }

std::string ToString(const FsCall& call) {
  std::string text = fmt::format("{} {}", FsOpName(call.op), call.path);
  if (!call.other.empty()) {
    text += fmt::format(" -> {}", call.other);
  }
  return text;
}

}  // namespace flatkv::test
