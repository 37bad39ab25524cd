// What the commands need of a store, whether a daemon has it open (client.h) or this process does
// (local_access.h). Each command is written once, on top of this.
//
// Thread safety: one call at a time. Errors: flatkv/base/status.h, with its reasons; a daemon that
// cannot be reached is kUnavailable without a reason, an answer that took too long
// kDeadlineExceeded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/block.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/store/state_reader.h"
#include "flatkv/store/store.h"

namespace flatkv::cli {

struct StatusReport {
  StoreInfo info;
  std::string wal_sync;                  // "always", "interval" or "off"
  std::string build;                     // of the program that has the store open
  std::optional<RecoveryInfo> recovery;  // offline only: what this open had to do
};

struct GetAnswer {
  Version version = 0;
  std::optional<std::string> value;
};

struct IterateQuery {
  std::string module;
  std::string start;
  std::optional<std::string> end;
  bool reverse = false;
  uint64_t limit = 0;         // 0: all
  std::optional<Version> at;  // unset: the head
};

enum class CommitStyle { kStream, kUnary };

// Blocks in version order. Called from one thread.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // nullopt: no more.
  virtual StatusOr<std::optional<Block>> Next() = 0;
};

class StoreAccess {
 public:
  // Called in version order; an error stops the commits and becomes their result.
  using OnCommitted = std::function<Status(const CommitResult&)>;
  using OnPair = std::function<Status(std::string_view key, std::string_view value)>;

  virtual ~StoreAccess() = default;

  virtual std::string_view mode() const = 0;  // "online" or "offline"
  virtual std::string where() const = 0;      // the address, or the home directory

  virtual StatusOr<StatusReport> Report() = 0;
  // Unset: the head.
  virtual StatusOr<VersionRoot> Root(std::optional<Version> version) = 0;
  // Unset `at`: the head.
  virtual StatusOr<GetAnswer> Get(std::string_view module, std::string_view key,
                                  std::optional<Version> at) = 0;
  // The version that all pairs belong to.
  virtual StatusOr<Version> Iterate(const IterateQuery& query, const OnPair& on_pair) = 0;
  // Commits what `source` gives until it ends. When it fails, what came before is still committed
  // and confirmed, and its error returned. Unconfirmed blocks in memory are bounded in number and
  // bytes. `on_committed` may run on another thread, but never twice at a time and not after the
  // return.
  virtual Status CommitBlocks(BlockSource& source, CommitStyle style,
                              const OnCommitted& on_committed) = 0;
  // The operator's side of the store; valid until Close. Errors online: kFailedPrecondition when
  // the daemon has no admin listener.
  virtual StatusOr<StoreAdmin*> Admin() = 0;
  // What Admin()->Retention() says, or why nothing can be said. Errors: those of Admin;
  // kUnavailable when the admin listener does not answer.
  virtual StatusOr<RetentionInfo> Retention() = 0;
  // Hash log, comparison, differences, sizes; valid until Close.
  virtual StateReader& State() = 0;
  // Ends the access; offline it closes the store and releases its lock. Idempotent.
  virtual Status Close() = 0;
};

}  // namespace flatkv::cli
