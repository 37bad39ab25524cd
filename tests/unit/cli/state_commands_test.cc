// compare, hashlog, diff and state-size over two stores in memory: what they print, and how they
// end.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "cli/compare_command.h"
#include "cli/diff_command.h"
#include "cli/errors.h"
#include "cli/hash_log_commands.h"
#include "cli/state_size_command.h"
#include "flatkv/store/store.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/sample_blocks.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/cli/fake_admin.h"

namespace flatkv::cli {
namespace {

using test::OwnedBlock;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

bool Never() { return false; }

class StateCommandsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.threads = 1;
    options.snapshot.policy = SnapshotPolicy::kManual;
    for (size_t i = 0; i < 2; ++i) {
      auto store = Store::Open(fs_[i], NullLogger(), "/home", options);
      ASSERT_OK(store);
      stores_[i] = *std::move(store);
    }
  }

  void Commit(size_t store, Version version, const std::string& value) {
    OwnedBlock block(version);
    block.Set("bank", "k", value);
    block.Set("evm", "\x07" + std::string(20, 'a'), "code");
    ASSERT_OK(stores_[store]->CommitBlock(version, block.changes()));
  }
  // Both stores commit the same versions up to `last`, then `value_here` and `value_there`.
  void Part(Version last, const std::string& value_here, const std::string& value_there) {
    for (Version version = 1; version <= last; ++version) {
      Commit(0, version, fmt::format("v{}", version));
      Commit(1, version, fmt::format("v{}", version));
    }
    Commit(0, last + 1, value_here);
    Commit(1, last + 1, value_there);
  }

  std::string Run(bool json, const std::function<Status(const StateSession&)>& command) {
    ::testing::internal::CaptureStdout();
    status_ = command({access_, stores_[0]->state_reader(), json});
    std::fflush(stdout);
    return ::testing::internal::GetCapturedStdout();
  }
  std::string Compare(bool json, const CompareCommandOptions& options) {
    return Run(json, [&](const StateSession& session) {
      return RunCompareWith({session.state, stores_[1]->state_reader(), "offline", "", "the peer",
                             "flatkv hashlog compare --peer ADDR", session.json},
                            options, Never);
    });
  }

  test::MemFileSystem fs_[2];
  std::unique_ptr<Store> stores_[2];
  FakeAdminAccess access_{nullptr};
  Status status_;
};

TEST_F(StateCommandsTest, CompareNamesTheRowWithBothValues) {
  Part(3, "one", "two");
  const std::string output = Compare(false, {});
  EXPECT_EQ(CommandExitCode(status_), kExitRootMismatch);
  EXPECT_THAT(output, AllOf(HasSubstr("misc bank 6b: differs\n"
                                      "  here   version 4, 6f6e65\n"
                                      "  there  version 4, 74776f\n"),
                            HasSubstr("result    1 rows differ")));
  EXPECT_THAT(Compare(true, {}),
              AllOf(HasSubstr(R"("module":"bank","key":"6b","difference":"differs")"),
                    HasSubstr(R"("same":false)"), HasSubstr(R"("complete":true)")));
}

TEST_F(StateCommandsTest, CompareOfTheSameStatesIsOk) {
  Part(3, "one", "two");
  CompareCommandOptions options;
  options.at = 3;
  EXPECT_THAT(Compare(false, options), HasSubstr("the states are the same"));
  EXPECT_OK(status_);
  options.at = 5;
  Compare(false, options);
  EXPECT_EQ(CommandExitCode(status_), kExitNotFound);
  EXPECT_THAT(status_, StatusIs(StatusCode::kOutOfRange,
                                AllOf(HasSubstr("this side retains versions 1 to 4"),
                                      HasSubstr("the peer versions 1 to 4"))));
}

TEST_F(StateCommandsTest, HashLogCompareNamesVersionDataDbAndModule) {
  Part(9, "one", "two");
  Commit(0, 11, "later");
  Commit(1, 11, "other");
  for (const bool all : {false, true}) {
    HashLogCompareOptions options;
    options.all = all;
    const std::string output = Run(false, [&](const StateSession& session) {
      return RunHashLogCompareWith(session, stores_[1]->state_reader(), "peer", options);
    });
    EXPECT_EQ(CommandExitCode(status_), kExitRootMismatch);
    EXPECT_THAT(output, AllOf(HasSubstr("first divergent version  10\n"),
                              HasSubstr("data DB misc, module bank: 1 rows"),
                              Not(HasSubstr("module evm")), Not(HasSubstr("oldest"))));
  }
}

TEST_F(StateCommandsTest, ADifferenceThatHealedIsFoundByComparingEveryVersion) {
  Part(5, "one", "two");
  Commit(0, 7, "same");
  Commit(1, 7, "same");
  HashLogCompareOptions options;
  const auto compare = [&](const StateSession& session) {
    return RunHashLogCompareWith(session, stores_[1]->state_reader(), "peer", options);
  };
  EXPECT_THAT(Run(false, compare), HasSubstr("the same at version 7"));
  EXPECT_OK(status_);
  options.all = true;
  EXPECT_THAT(Run(false, compare), HasSubstr("first divergent version  6\n"));
  EXPECT_EQ(CommandExitCode(status_), kExitRootMismatch);
}

TEST_F(StateCommandsTest, HashLogsWithoutACommonVersionSayWhatTheyHave) {
  Commit(0, 1, "v");
  Run(false, [&](const StateSession& session) {
    return RunHashLogCompareWith(session, stores_[1]->state_reader(), "peer", {});
  });
  EXPECT_THAT(status_,
              StatusIs(StatusCode::kOutOfRange, AllOf(HasSubstr("this store has versions 1 to 1"),
                                                      HasSubstr("the peer at peer nothing"))));
}

TEST_F(StateCommandsTest, HashLogShowPrintsTheNewestVersions) {
  Part(29, "one", "two");
  const auto show = [](const StateSession& session) { return RunHashLogShow(session, {}); };
  EXPECT_THAT(Run(false, show),
              AllOf(HasSubstr("hash log  versions 1 to 30\n"), HasSubstr("version         11 "),
                    HasSubstr("version         30 "), Not(HasSubstr("version         10 ")),
                    HasSubstr("  misc     bank ")));
  EXPECT_OK(status_);
  EXPECT_THAT(Run(true, show), HasSubstr(R"({"version":30,"root":")"));
}

TEST_F(StateCommandsTest, DiffPrintsKeysAndValues) {
  Part(3, "one", "two");
  DiffCommandOptions options;
  options.from = 3;
  options.to = 4;
  const auto diff = [&](const StateSession& session) { return RunDiff(session, options, Never); };
  EXPECT_THAT(Run(false, diff),
              HasSubstr("changed bank 6b\n1 keys differ between versions 3 and 4\n"));
  options.values = true;
  EXPECT_THAT(Run(false, diff), HasSubstr("  before  7633\n  after   6f6e65\n"));
  EXPECT_THAT(Run(true, diff),
              HasSubstr(R"({"module":"bank","key":"6b","change":"changed","before":"7633",)"
                        R"("after":"6f6e65"})"));
  EXPECT_OK(status_);
}

TEST_F(StateCommandsTest, StateSizeIsByModuleOrByContract) {
  Part(1, "one", "two");
  StateSizeCommandOptions options;
  const auto size = [&](const StateSession& session) {
    return RunStateSize(session, options, Never);
  };
  EXPECT_THAT(Run(false, size), AllOf(HasSubstr("version  2\n"), HasSubstr("bank")));
  options.top_contracts = 5;
  EXPECT_THAT(Run(false, size),
              AllOf(HasSubstr(std::string("61616161")), HasSubstr("1 of 1 contracts")));
  EXPECT_THAT(Run(true, size), HasSubstr(R"("contracts":{"count":1,"largest":[{"address":"6161)"));
}

TEST_F(StateCommandsTest, APeerMustBeAnAddress) {
  EXPECT_OK(PeerAddress("127.0.0.1:7450"));
  EXPECT_THAT(PeerAddress("nonsense"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("--peer")));
}

}  // namespace
}  // namespace flatkv::cli
