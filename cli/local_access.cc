#include "cli/local_access.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "cli/build_info.h"
#include "cli/errors.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"

namespace flatkv::cli {
namespace {

// What the library warns of belongs on standard error; its usual events do not concern a command.
class StderrLogger final : public Logger {
 public:
  void Log(LogLevel level, std::string_view, std::string_view text) override {
    if (level == LogLevel::kWarning || level == LogLevel::kError) {
      fmt::print(stderr, "flatkv: {}: {}\n", level == LogLevel::kError ? "error" : "warning", text);
    }
  }
};

std::string_view WalSyncName(WalSync sync) {
  switch (sync) {
    case WalSync::kAlways:
      return "always";
    case WalSync::kInterval:
      return "interval";
    case WalSync::kOff:
      break;
  }
  return "off";
}

class LocalAccess final : public StoreAccess {
 public:
  LocalAccess(std::string home, WalSync wal_sync, std::unique_ptr<Store> store)
      : home_(std::move(home)), wal_sync_(wal_sync), store_(std::move(store)) {}

  std::string_view mode() const override { return "offline"; }
  std::string where() const override { return home_; }

  StatusOr<StatusReport> Report() override {
    StatusReport report;
    report.info = store_->Info();
    report.wal_sync = WalSyncName(wal_sync_);
    report.build = BuildVersion();
    report.recovery = store_->recovery();
    return report;
  }

  StatusOr<VersionRoot> Root(std::optional<Version> version) override {
    if (!version.has_value()) {
      return store_->CommittedRoot();
    }
    ASSIGN_OR_RETURN(const Digest root, store_->RootAt(*version));
    return VersionRoot{*version, root};
  }

  StatusOr<GetAnswer> Get(std::string_view module, std::string_view key,
                          std::optional<Version> at) override {
    const KeyRef asked{module, key};
    ReadResult result;
    if (at.has_value()) {
      ASSIGN_OR_RETURN(const std::shared_ptr<StoreView> view, store_->ViewAt(*at));
      ASSIGN_OR_RETURN(result, view->Get({&asked, 1}));
    } else {
      ASSIGN_OR_RETURN(result, store_->Get({&asked, 1}));
    }
    return GetAnswer{result.version, std::move(result.values.at(0))};
  }

  StatusOr<Version> Iterate(const IterateQuery& query, const OnPair& on_pair) override {
    IterateRange range;
    range.module = query.module;
    range.start = query.start;
    range.end = query.end;
    range.reverse = query.reverse;
    std::shared_ptr<StoreView> view;  // outlives its iterator
    std::unique_ptr<StoreIterator> iterator;
    if (query.at.has_value()) {
      ASSIGN_OR_RETURN(view, store_->ViewAt(*query.at));
      ASSIGN_OR_RETURN(iterator, view->Iterate(range));
    } else {
      ASSIGN_OR_RETURN(iterator, store_->Iterate(range));
    }
    for (uint64_t count = 0; iterator->Valid() && (query.limit == 0 || count < query.limit);
         ++count) {
      RETURN_IF_ERROR(on_pair(iterator->key(), iterator->value()));
      iterator->Next();
    }
    RETURN_IF_ERROR(iterator->status());
    return iterator->version();
  }

  Status CommitBlocks(BlockSource& source, CommitStyle, const OnCommitted& on_committed) override {
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<Block> block, source.Next());
      if (!block.has_value()) {
        return OkStatus();
      }
      ASSIGN_OR_RETURN(const CommitResult result,
                       store_->CommitBlock(block->version(), block->changes()));
      RETURN_IF_ERROR(on_committed(result));
    }
  }

  StatusOr<StoreAdmin*> Admin() override { return &store_->admin(); }
  StatusOr<RetentionInfo> Retention() override { return store_->admin().Retention(); }
  StateReader& State() override { return store_->state_reader(); }
  Status Close() override { return store_->Close(); }

 private:
  const std::string home_;
  const WalSync wal_sync_;
  const std::unique_ptr<Store> store_;
};

}  // namespace

Logger& WarningLogger() {
  static StderrLogger logger;
  return logger;
}

Status MissingStoreError(const std::string& home) {
  return WithHint(NotFound(fmt::format("{}: there is no store in this directory", home)),
                  "flatkvd --home DIR and flatkv replay FILE --home DIR make one");
}

StatusOr<std::unique_ptr<StoreAccess>> OpenLocalAccess(const std::string& home,
                                                       StoreOptions options, IfMissing if_missing) {
  FileSystem& fs = PosixFileSystem();
  if (if_missing == IfMissing::kFail && !fs.Stat(JoinPath(home, "flatkv")).ok()) {
    return MissingStoreError(home);
  }
  options.build = BuildVersion();
  StatusOr<std::unique_ptr<Store>> store = Store::Open(fs, WarningLogger(), home, options);
  if (!store.ok()) {
    if (ReasonOf(store.status()) == Reason::kLocked) {
      return WithHint(store.status(),
                      "ask the daemon that has it open: flatkv status --address ADDR");
    }
    return store.status();
  }
  return std::make_unique<LocalAccess>(home, options.wal_sync, *std::move(store));
}

}  // namespace flatkv::cli
