#include "cli/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "cli/block_file.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/roots_file.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

// The versions of the file that were asked for, one of which is held back until somebody has looked
// at it.
class FileSource final : public BlockSource {
 public:
  FileSource(BlockFile& file, const ReplayOptions& options, Progress& progress)
      : file_(file), options_(options), progress_(progress), from_(options.from.value_or(0)) {}

  // The version that the next call of Next will give, or nullopt.
  StatusOr<std::optional<Version>> Peek() {
    ASSIGN_OR_RETURN(held_, NextAsked());
    return held_.has_value() ? std::optional<Version>(held_->version()) : std::nullopt;
  }

  // Leaves out versions below `version`. The version that the next call of Next will give, or
  // nullopt.
  StatusOr<std::optional<Version>> SkipBelow(Version version) {
    from_ = std::max(from_, version);
    while (held_.has_value() && held_->version() < from_) {
      ASSIGN_OR_RETURN(held_, NextAsked());
    }
    return held_.has_value() ? std::optional<Version>(held_->version()) : std::nullopt;
  }

  StatusOr<std::optional<Block>> Next() override {
    if (Interrupted()) {
      return MakeStatus(StatusCode::kCancelled, "interrupted");
    }
    std::optional<Block> block = std::exchange(held_, std::nullopt);
    if (!block.has_value()) {
      ASSIGN_OR_RETURN(block, NextAsked());
    }
    if (block.has_value()) {
      progress_.Sent(block->updates(), file_.bytes_read());
    }
    return block;
  }

 private:
  StatusOr<std::optional<Block>> NextAsked() {
    while (!at_end_) {
      ASSIGN_OR_RETURN(std::optional<Block> block, file_.Next());
      at_end_ = !block.has_value() || (options_.to.has_value() && block->version() >= *options_.to);
      const bool asked = block.has_value() && block->version() >= from_ &&
                         block->version() <= options_.to.value_or(INT64_MAX);
      if (asked) {
        return block;
      }
    }
    return std::optional<Block>();
  }

  BlockFile& file_;
  const ReplayOptions& options_;
  Progress& progress_;
  Version from_;
  std::optional<Block> held_;
  bool at_end_ = false;
};

// Shows each committed version and compares it with what was expected.
class Confirmations {
 public:
  Confirmations(const ReplayOptions& options, bool json, const ExpectedRoots* expected,
                Version first, Progress& progress)
      : options_(options), json_(json), expected_(expected), next_(first), progress_(progress) {}

  Status OnCommitted(const CommitResult& result) {
    if (result.version != next_) {
      return Internal(
          fmt::format("version {} was confirmed where version {} was due", result.version, next_));
    }
    ++next_;
    progress_.Confirmed(result.version);
    already_ += result.already_committed ? 1 : 0;
    last_ = result;
    if (json_) {
      fmt::print("{{\"version\":{},\"root\":\"{}\"}}\n", result.version,
                 HexEncode(AsBytes(result.root)));
      std::fflush(stdout);
    } else if (shown_ == 0 || static_cast<uint64_t>(result.version) % options_.every == 0) {
      Show(result);
    }
    return Compare(result);
  }

  // The last version's line, if it is not out yet, and the sums.
  void PrintSummary(const Progress::Totals& totals) {
    if (!json_ && totals.versions != 0 && shown_ != last_.version) {
      Show(last_);
    }
    if (json_ && options_.quiet) {
      return;
    }
    std::FILE* out = json_ ? stderr : stdout;
    fmt::print(out, "{} versions, {} updates in {:.2f} s ({:.0f} updates/s)", totals.versions,
               totals.updates, totals.seconds,
               static_cast<double>(totals.updates) / totals.seconds);
    if (already_ != 0) {
      fmt::print(out, "; {} of them were committed before", already_);
    }
    if (expected_ != nullptr) {
      fmt::print(out, "; {} roots as expected", compared_);
      if (unknown_ != 0) {
        fmt::print(out, ", {} not in {}", unknown_, *options_.expect_roots);
      }
    }
    fmt::print(out, "\n");
  }

  uint64_t compared() const { return compared_; }

 private:
  void Show(const CommitResult& result) {
    shown_ = result.version;
    progress_.Finish();
    fmt::print("version {:>8}  {}\n", result.version, HexEncode(AsBytes(result.root)));
    std::fflush(stdout);
  }

  Status Compare(const CommitResult& result) {
    if (expected_ == nullptr) {
      return OkStatus();
    }
    const auto entry = expected_->find(result.version);
    if (entry == expected_->end()) {
      ++unknown_;
      return OkStatus();
    }
    if (entry->second != result.root) {
      return WithHint(WithReason(AlreadyExists(fmt::format(
                                     "version {}: root {} differs from {} in {}", result.version,
                                     HexEncode(AsBytes(result.root)),
                                     HexEncode(AsBytes(entry->second)), *options_.expect_roots)),
                                 Reason::kRootMismatch),
                      fmt::format("compare flatkv root --at {} with another node", result.version));
    }
    ++compared_;
    return OkStatus();
  }

  const ReplayOptions& options_;
  const bool json_;
  const ExpectedRoots* const expected_;
  Version next_;
  Progress& progress_;
  CommitResult last_;
  Version shown_ = 0;  // 0: none yet
  uint64_t already_ = 0;
  uint64_t compared_ = 0;
  uint64_t unknown_ = 0;
};

Status CheckStart(const StoreInfo& info, Version first, const std::string& file) {
  if (first <= info.version + 1) {
    return OkStatus();
  }
  const Version missing_to = first - 1;
  return WithExpectedVersion(
      WithReason(FailedPrecondition(fmt::format(
                     "{} starts at version {}, but the store is at version {}: {} missing", file,
                     first, info.version,
                     info.version + 1 == missing_to
                         ? fmt::format("version {} is", missing_to)
                         : fmt::format("versions {} to {} are", info.version + 1, missing_to))),
                 Reason::kVersionGap),
      info.version + 1);
}

// How far the replay came, and what to do about it.
Status Explain(const Status& status, const Progress::Totals& totals) {
  const bool gone =
      status.code() == StatusCode::kDeadlineExceeded ||
      (status.code() == StatusCode::kUnavailable && ReasonOf(status) != Reason::kPoisoned);
  if (gone || status.code() == StatusCode::kCancelled) {
    const std::string reached =
        totals.versions == 0
            ? "stopped before any version was confirmed"
            : fmt::format("stopped; last confirmed version {}", totals.last_version);
    return WithHint(Annotate(status, reached),
                    gone ? "when the daemon runs again, the same command continues from there"
                         : "the same command continues from there");
  }
  if (ReasonOf(status) == Reason::kVersionConflict) {
    return WithHint(status,
                    "the file and the store have diverged: check that both are of the same "
                    "chain, and compare flatkv root --at V with another node");
  }
  return status;
}

}  // namespace

Status RunReplay(StoreAccess& access, const ReplayOptions& options, bool json) {
  std::optional<ExpectedRoots> expected;
  if (options.expect_roots.has_value()) {
    ASSIGN_OR_RETURN(expected, LoadRootsFile(*options.expect_roots));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<BlockFile> file, BlockFile::Open(options.file));
  CatchInterrupts();
  Progress progress(file->size_bytes(), options.quiet);
  FileSource source(*file, options, progress);
  ASSIGN_OR_RETURN(std::optional<Version> first, source.Peek());
  if (!first.has_value()) {
    return NotFound(fmt::format("{}: holds none of the versions asked for", options.file));
  }
  ASSIGN_OR_RETURN(const StatusReport report, access.Report());
  RETURN_IF_ERROR(CheckStart(report.info, *first, options.file));
  if (!options.quiet || !json) {
    fmt::print(json ? stderr : stdout, "{}", ModeLine(access));
  }
  // What the changelog no longer holds cannot be compared any more.
  if (const Version oldest = report.info.oldest_version; *first < oldest) {
    const Version skipped = *first;
    ASSIGN_OR_RETURN(first, source.SkipBelow(oldest));
    fmt::print(stderr,
               "flatkv: versions {} to {} are committed and no longer in the changelog: not "
               "confirmed\n",
               skipped, first.value_or(oldest) - 1);
    if (!first.has_value()) {
      return OkStatus();
    }
  }

  Confirmations confirmations(options, json, expected.has_value() ? &*expected : nullptr, *first,
                              progress);
  const Status status = access.CommitBlocks(
      source, options.style,
      [&confirmations](const CommitResult& result) { return confirmations.OnCommitted(result); });
  progress.Finish();
  const Progress::Totals totals = progress.totals();
  confirmations.PrintSummary(totals);
  if (!status.ok()) {
    return Explain(status, totals);
  }
  if (expected.has_value() && confirmations.compared() == 0) {
    return InvalidArgument(fmt::format("{}: holds the root of none of the versions of {}",
                                       *options.expect_roots, options.file));
  }
  return OkStatus();
}

}  // namespace flatkv::cli
