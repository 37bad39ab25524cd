// The intent of a multi-step operation: written durably before its first change and removed after
// its last, so that the next open finishes what a crash interrupted. One at a time; the file INTENT
// of the store directory, a text record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

enum class IntentKind {
  kRollback,     // go back to `target`
  kReorg,        // go back to `target`, then as kReorgCommit
  kMigrate,      // move the flat layout's data DBs into working/
  kReorgCommit,  // commit what the log in reorg/ has above the head
};

enum class RollbackMethod {
  kUndo,    // undo records, in place
  kReplay,  // a fresh clone of `base` and the changelog
};

struct Intent {
  IntentKind kind = IntentKind::kRollback;
  std::string operation_id;  // random, 32 hex digits
  RollbackMethod method = RollbackMethod::kReplay;
  Version from = 0;    // the head when it began
  Version target = 0;  // the head afterwards (before the new versions of a reorg)
  // The snapshot to start from afterwards; unset: none, from the empty store.
  std::optional<Version> base;
  uint64_t created_unix_seconds = 0;
  bool operator==(const Intent&) const = default;
};

std::string EncodeIntent(const Intent& intent);
StatusOr<Intent> DecodeIntent(std::string_view text, std::string_view path);

// Durable when they return. `directory` is the store directory.
Status WriteIntent(FileSystem& fs, const std::string& directory, const Intent& intent);
// nullopt when there is none. Errors: kDataLoss for a damaged one.
StatusOr<std::optional<Intent>> ReadIntent(FileSystem& fs, const std::string& directory);
Status ClearIntent(FileSystem& fs, const std::string& directory);

// 32 random hex digits.
std::string NewOperationId();

}  // namespace flatkv
