#include "cli/wal_commands.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/block_line.h"
#include "cli/block_writer.h"
#include "cli/errors.h"
#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/wal/wal.h"
#include "flatkv/wal/wal_format.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"

namespace flatkv::cli {
namespace {

using nlohmann::json;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kDirectory[] = "/changelog";

std::string LineOf(Version version) {
  return fmt::format(
      "{{\"version\":{},\"changesets\":[{{\"name\":\"bank\",\"pairs\":[{{\"key\":\"{:04x}\","
      "\"value\":\"00ff\"}},{{\"key\":\"aa\",\"delete\":true}}]}},{{\"name\":\"e\\\"x\",\"pairs\":"
      "[]}}]}}",
      version, version);
}

class WalCommandsTest : public ::testing::Test {
 protected:
  // Versions 1 .. 9 in segments of a few.
  void SetUp() override {
    WalOptions options;
    options.segment_bytes = 600;
    ASSERT_OK_AND_ASSIGN(const auto wal, Wal::Open(fs_, NullLogger(), kDirectory, options));
    for (Version version = 1; version <= 9; ++version) {
      ASSERT_OK_AND_ASSIGN(const Block block, ParseBlockLine(LineOf(version)));
      std::string payload;
      AppendEntryVersion(version, &payload);
      AppendChangeSets(block.changes(), &payload);
      ASSERT_OK(wal->Append(version, payload, Sha256(payload), Digest{}));
      ASSERT_OK(wal->Sync());
      ASSERT_OK(wal->Acknowledge(version));
    }
    ASSERT_OK(wal->Close());
  }

  template <typename Command>
  std::string Run(const Command& command) {
    ::testing::internal::CaptureStdout();
    status_ = command();
    return ::testing::internal::GetCapturedStdout();
  }
  std::string Dump(const WalDumpOptions& options, bool as_json) {
    return Run([&] { return RunWalDump(fs_, kDirectory, options, as_json); });
  }
  void DamageSecondSegment() {
    const std::vector<std::string> names = fs_.List(kDirectory).value();
    ASSERT_GE(names.size(), 3u);
    fs_.FlipBit(fmt::format("{}/{}", kDirectory, names[1]),
                wal_format::kSegmentHeaderBytes + wal_format::kRecordHeaderBytes, 0);
  }

  test::MemFileSystem fs_;
  Status status_;
};

TEST_F(WalCommandsTest, DumpedPairsAreTheFileThatReplayTakes) {
  WalDumpOptions options;
  options.pairs = true;
  options.from = 2;
  options.to = 8;
  std::string expected;
  for (Version version = 2; version <= 8; ++version) {
    expected += LineOf(version) + "\n";
  }
  EXPECT_EQ(Dump(options, false), expected);
  EXPECT_OK(status_);
  EXPECT_EQ(Dump(options, true), expected);
}

TEST_F(WalCommandsTest, DumpHasTheDocumentedJson) {
  std::istringstream lines(Dump({}, true));
  EXPECT_OK(status_);
  Version version = 0;
  for (std::string line; std::getline(lines, line);) {
    const json document = json::parse(line);
    EXPECT_EQ(document["version"], ++version);
    EXPECT_EQ(document["pairs"], 2);
    EXPECT_GT(document["bytes"], 0);
    EXPECT_EQ(document["root"].get<std::string>().size(), 64u);
    EXPECT_EQ(document["content_digest"].get<std::string>().size(), 64u);
  }
  EXPECT_EQ(version, 9);
  EXPECT_THAT(Dump({}, false), AllOf(HasSubstr("offline: changelog in /changelog, only read\n"),
                                     HasSubstr("version        9  root 00")));
}

TEST_F(WalCommandsTest, VersionsThatAreNotThereAreNotFound) {
  WalDumpOptions options;
  options.from = 10;
  Dump(options, true);
  EXPECT_EQ(CommandExitCode(status_), kExitNotFound);
  EXPECT_THAT(HintOf(status_), HasSubstr("flatkv wal info"));
}

TEST_F(WalCommandsTest, InfoListsSegments) {
  const json document = json::parse(Run([&] { return RunWalInfo(fs_, kDirectory, true); }));
  EXPECT_OK(status_);
  EXPECT_EQ(document["ok"], true);
  EXPECT_EQ(document["first"], 1);
  EXPECT_EQ(document["last"], 9);
  EXPECT_TRUE(document["defect"].is_null());
  EXPECT_TRUE(document["cut_to"].is_null());
  ASSERT_GE(document["segments"].size(), 3u);
  EXPECT_EQ(document["segments"][0]["sealed"], true);
  EXPECT_EQ(document["segments"][0]["file"], "00000000000000000001.wal");
  EXPECT_EQ(document["segments"].back()["state"], "active");
  EXPECT_THAT(Run([&] { return RunWalInfo(fs_, kDirectory, false); }),
              AllOf(HasSubstr("versions  1 to 9"), HasSubstr("sealed\n")));
}

TEST_F(WalCommandsTest, VerifyNamesTheFirstDamageByFileOffsetAndVersion) {
  const auto never = [] { return false; };
  EXPECT_THAT(Run([&] { return RunWalVerify(fs_, kDirectory, false, never); }),
              HasSubstr("ok: 9 records"));
  EXPECT_OK(status_);
  DamageSecondSegment();
  const json document =
      json::parse(Run([&] { return RunWalVerify(fs_, kDirectory, true, never); }));
  EXPECT_EQ(CommandExitCode(status_), kExitCorrupt);
  EXPECT_EQ(document["ok"], false);
  EXPECT_THAT(document["defect"]["file"].get<std::string>(), HasSubstr(".wal"));
  EXPECT_EQ(document["defect"]["offset"], wal_format::kSegmentHeaderBytes);
  EXPECT_GT(document["defect"]["version"], 1);
  EXPECT_THAT(std::string(MessageOf(status_)), HasSubstr("offset 64"));
  EXPECT_THAT(HintOf(status_), HasSubstr("flatkv wal dump --to"));
  // What is before the damage can be read.
  WalDumpOptions options;
  options.to = 1;
  Dump(options, true);
  EXPECT_OK(status_);
  Dump({}, true);
  EXPECT_THAT(status_, StatusIs(StatusCode::kDataLoss));
}

TEST_F(WalCommandsTest, BytesBehindTheLastRecordAreInProgress) {
  const std::vector<std::string> names = fs_.List(kDirectory).value();
  const std::string path = fmt::format("{}/{}", kDirectory, names.back());
  fs_.Resize(path, fs_.Stat(path)->size_bytes + 5);
  EXPECT_THAT(Run([&] { return RunWalVerify(fs_, kDirectory, false, [] { return false; }); }),
              AllOf(HasSubstr("ok: 9 records"), HasSubstr("in progress: 5 bytes")));
  EXPECT_OK(status_);
}

TEST_F(WalCommandsTest, AnInterruptedVerificationIsCancelled) {
  Run([&] { return RunWalVerify(fs_, kDirectory, false, [] { return true; }); });
  EXPECT_EQ(CommandExitCode(status_), kExitInterrupted);
}

TEST(BlockWriter, WritesWhatTheReaderReadsAndRefusesANameThatIsNoUtf8) {
  ASSERT_OK_AND_ASSIGN(const Block block, ParseBlockLine(LineOf(300)));
  EXPECT_EQ(RenderBlockLine(300, block.changes()).value(), LineOf(300));
  ChangeSets changes(1);
  changes[0].module = "\xff\xfe";
  EXPECT_THAT(RenderBlockLine(1, changes),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("fffe")));
}

}  // namespace
}  // namespace flatkv::cli
