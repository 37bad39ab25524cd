#include "cli/replay.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "cli/errors.h"
#include "flatkv/base/hex.h"
#include "tests/support/no_state_reader.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv::cli {
namespace {

using test::HasReason;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Commits into a map; the root of version v is v in every byte.
class FakeAccess final : public StoreAccess {
 public:
  explicit FakeAccess(Version head) : head_(head) {}

  static Digest RootOf(Version version) {
    Digest root;
    root.fill(static_cast<uint8_t>(version));
    return root;
  }

  std::string_view mode() const override { return "online"; }
  std::string where() const override { return "fake"; }
  StatusOr<StatusReport> Report() override {
    StatusReport report;
    report.info.version = head_;
    return report;
  }
  StatusOr<VersionRoot> Root(std::optional<Version>) override { return Unimplemented("Root"); }
  StatusOr<GetAnswer> Get(std::string_view, std::string_view, std::optional<Version>) override {
    return Unimplemented("Get");
  }
  StatusOr<Version> Iterate(const IterateQuery&, const OnPair&) override {
    return Unimplemented("Iterate");
  }
  Status CommitBlocks(BlockSource& source, CommitStyle style,
                      const OnCommitted& on_committed) override {
    style_ = style;
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<Block> block, source.Next());
      if (!block.has_value()) {
        return OkStatus();
      }
      if (block->version() == fail_at_) {
        return failure_;
      }
      sent_.push_back(block->version());
      CommitResult result;
      result.version = block->version();
      result.root = RootOf(block->version());
      result.already_committed = block->version() <= head_;
      head_ = std::max(head_, block->version());
      RETURN_IF_ERROR(on_committed(result));
    }
  }
  StatusOr<StoreAdmin*> Admin() override { return Unimplemented("Admin"); }
  StatusOr<RetentionInfo> Retention() override { return Unimplemented("Retention"); }
  StateReader& State() override { return state_; }
  Status Close() override { return OkStatus(); }

  test::NoStateReader state_;
  Version head_;
  Version fail_at_ = 0;
  Status failure_;
  CommitStyle style_ = CommitStyle::kStream;
  std::vector<Version> sent_;
};

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() {
    options_.file = dir_.File("blocks.jsonl");
    options_.quiet = true;
  }

  void WriteBlocks(Version from, Version to, std::string_view more = "") {
    std::ofstream file(options_.file);
    for (Version version = from; version <= to; ++version) {
      file << fmt::format("{{\"version\":{},\"changesets\":[]}}\n", version);
    }
    file << more;
  }

  void WriteRoots(Version from, Version to, Version wrong = 0) {
    options_.expect_roots = dir_.File("roots");
    std::ofstream file(*options_.expect_roots);
    for (Version version = from; version <= to; ++version) {
      const Digest root = FakeAccess::RootOf(version == wrong ? version + 1 : version);
      file << fmt::format("{} {}\n", version, HexEncode(AsBytes(root)));
    }
  }

  // Standard output of a replay, and its status in status_.
  std::string Run(bool json) {
    ::testing::internal::CaptureStdout();
    status_ = RunReplay(access_, options_, json);
    return ::testing::internal::GetCapturedStdout();
  }

  static std::string Line(Version version) {
    return fmt::format("{{\"version\":{},\"root\":\"{}\"}}\n", version,
                       HexEncode(AsBytes(FakeAccess::RootOf(version))));
  }

  test::TempDir dir_;
  ReplayOptions options_;
  FakeAccess access_{0};
  Status status_;
};

TEST_F(ReplayTest, JsonIsOneLineAVersionAndTheSameInASecondRun) {
  WriteBlocks(1, 3);
  const std::string first = Run(true);
  EXPECT_OK(status_);
  EXPECT_EQ(first, Line(1) + Line(2) + Line(3));
  EXPECT_EQ(Run(true), first);
  EXPECT_OK(status_);
  EXPECT_THAT(access_.sent_, ElementsAre(1, 2, 3, 1, 2, 3));
}

TEST_F(ReplayTest, TextShowsTheFirstEveryNthAndTheLastVersion) {
  WriteBlocks(1, 12);
  options_.every = 5;
  std::vector<std::string> versions;
  std::istringstream lines(Run(false));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("version ")) {
      versions.push_back(line.substr(8, 8));
    }
  }
  EXPECT_THAT(versions, ElementsAre("       1", "       5", "      10", "      12"));
}

TEST_F(ReplayTest, FromAndToAreIncluded) {
  WriteBlocks(1, 9, "what follows --to is not read\n");
  access_.head_ = 3;
  options_.from = 4;
  options_.to = 6;
  EXPECT_EQ(Run(true), Line(4) + Line(5) + Line(6));
  EXPECT_OK(status_);
}

TEST_F(ReplayTest, ABadLineStopsAfterEverythingBeforeIt) {
  WriteBlocks(1, 2, "{\"version\":3}\n{\"version\":4,\"changesets\":[]}\n");
  EXPECT_EQ(Run(true), Line(1) + Line(2));
  EXPECT_THAT(status_,
              StatusIs(StatusCode::kInvalidArgument, options_.file + ":3: no \"changesets\""));
  EXPECT_EQ(CommandExitCode(status_), kExitUsage);
  EXPECT_THAT(access_.sent_, ElementsAre(1, 2));
}

TEST_F(ReplayTest, AFileThatStartsTooHighSaysWhatIsMissingAndSendsNothing) {
  WriteBlocks(8, 9);
  access_.head_ = 2;
  EXPECT_EQ(Run(true), "");
  EXPECT_THAT(status_, AllOf(StatusIs(StatusCode::kFailedPrecondition,
                                      HasSubstr("versions 3 to 7 are missing")),
                             HasReason(Reason::kVersionGap)));
  EXPECT_EQ(ExpectedVersionOf(status_), 3);
  EXPECT_EQ(CommandExitCode(status_), kExitNotFound);
  access_.head_ = 6;
  Run(true);
  EXPECT_THAT(status_,
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("version 7 is missing")));
  EXPECT_THAT(access_.sent_, ElementsAre());
  access_.head_ = 7;
  EXPECT_EQ(Run(true), Line(8) + Line(9));
}

TEST_F(ReplayTest, AnUnexpectedRootStopsAndNamesVersionAndBothRoots) {
  WriteBlocks(1, 5);
  WriteRoots(1, 5, 3);
  EXPECT_EQ(Run(true), Line(1) + Line(2) + Line(3));
  EXPECT_THAT(status_, StatusIs(StatusCode::kAlreadyExists,
                                AllOf(HasSubstr("version 3: "),
                                      HasSubstr(HexEncode(AsBytes(FakeAccess::RootOf(3)))),
                                      HasSubstr(HexEncode(AsBytes(FakeAccess::RootOf(4)))))));
  EXPECT_EQ(CommandExitCode(status_), kExitRootMismatch);
  EXPECT_THAT(access_.sent_, ElementsAre(1, 2, 3));
}

TEST_F(ReplayTest, ExpectedRootsMustNameAtLeastOneVersion) {
  WriteBlocks(1, 2);
  WriteRoots(2, 7);
  Run(true);
  EXPECT_OK(status_);
  WriteRoots(3, 4);
  Run(true);
  EXPECT_THAT(status_, StatusIs(StatusCode::kInvalidArgument, HasSubstr("holds the root of none")));
}

TEST_F(ReplayTest, ADaemonThatGoesAwayLeavesTheLastConfirmedVersion) {
  WriteBlocks(1, 5);
  access_.fail_at_ = 4;
  access_.failure_ = Unavailable("connection reset");
  EXPECT_EQ(Run(true), Line(1) + Line(2) + Line(3));
  EXPECT_THAT(status_,
              StatusIs(StatusCode::kUnavailable, AllOf(HasSubstr("last confirmed version 3"),
                                                       HasSubstr("connection reset"))));
  EXPECT_THAT(HintOf(status_), HasSubstr("the same command continues"));
  EXPECT_EQ(CommandExitCode(status_), kExitDaemonUnreachable);
}

TEST_F(ReplayTest, APoisonedStoreIsAnInputOutputErrorAndAConflictADivergence) {
  WriteBlocks(1, 2);
  access_.fail_at_ = 2;
  access_.failure_ = WithReason(Unavailable("disk"), Reason::kPoisoned);
  Run(true);
  EXPECT_EQ(CommandExitCode(status_), kExitIo);
  access_.failure_ = WithReason(AlreadyExists("digests"), Reason::kVersionConflict);
  Run(true);
  EXPECT_EQ(CommandExitCode(status_), kExitRootMismatch);
  EXPECT_THAT(std::string(MessageOf(status_)), HasSubstr("digests"));
  EXPECT_THAT(HintOf(status_), HasSubstr("diverged"));
}

TEST_F(ReplayTest, NothingToSendIsNotFound) {
  WriteBlocks(1, 3);
  options_.from = 4;
  Run(true);
  EXPECT_THAT(status_, StatusIs(StatusCode::kNotFound, HasSubstr("none of the versions")));
}

TEST_F(ReplayTest, PassesTheStyleOn) {
  WriteBlocks(1, 1);
  options_.style = CommitStyle::kUnary;
  Run(true);
  EXPECT_EQ(access_.style_, CommitStyle::kUnary);
}

}  // namespace
}  // namespace flatkv::cli
