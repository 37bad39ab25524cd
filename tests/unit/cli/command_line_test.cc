#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "config/config.h"
#include "tests/support/temp_dir.h"

namespace flatkv::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Result {
  int exit_code;
  std::string out;
  std::string err;
};

Result Execute(const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"flatkv"};
  for (const std::string& word : words) {
    argv.push_back(word.c_str());
  }
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Result result;
  result.exit_code = RunCommandLine(static_cast<int>(argv.size()), argv.data());
  result.out = ::testing::internal::GetCapturedStdout();
  result.err = ::testing::internal::GetCapturedStderr();
  return result;
}

const std::vector<std::vector<std::string>> kCommands = {
    {"status"},          {"root"},           {"get"},           {"iterate"},
    {"verify"},          {"replay"},         {"health"},        {"version"},
    {"config", "check"}, {"config", "init"}, {"config", "show"}};

TEST(CommandLine, EveryCommandHasHelpWithTwoExamplesAndItsJson) {
  for (std::vector<std::string> command : kCommands) {
    std::string example = "\n  flatkv";
    for (const std::string& word : command) {
      example += " " + word;
    }
    command.emplace_back("--help");
    const Result result = Execute(command);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, AllOf(HasSubstr("Examples:"), HasSubstr("JSON:"), HasSubstr("--json")));
    EXPECT_THAT(result.out, HasSubstr(example));
  }
}

TEST(CommandLine, WhatCannotBeParsedIsAUsageErrorThatNamesTheHelp) {
  const Result result = Execute({"root", "--frm", "2"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("flatkv: "), HasSubstr("flatkv root --help")));
  EXPECT_EQ(Execute({}).exit_code, 2);
  EXPECT_EQ(Execute({"statsu"}).exit_code, 2);
  EXPECT_EQ(Execute({"root", "--at", "0"}).exit_code, 2);
  EXPECT_EQ(Execute({"replay", "f", "--stream", "--unary"}).exit_code, 2);
  EXPECT_EQ(Execute({"replay", "f", "--every", "0"}).exit_code, 2);
  EXPECT_EQ(Execute({"status", "--timeout", "0"}).exit_code, 2);
}

TEST(CommandLine, AddressAndHomeExcludeEachOtherOnEitherSideOfTheCommand) {
  const Result result =
      Execute({"--home", "/nonexistent", "status", "--address", "127.0.0.1:1", "--json"});
  EXPECT_EQ(result.exit_code, 2);
  const auto error = nlohmann::json::parse(result.err)["error"];
  EXPECT_EQ(error["code"], "INVALID_ARGUMENT");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("give one"));
}

TEST(CommandLine, ABadAddressIsNamed) {
  const Result result = Execute({"status", "--address", "nowhere"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--address"));
}

TEST(CommandLine, ADaemonThatIsNotThereIsExitCode11WithAHint) {
  test::TempDir dir;
  for (const char* command : {"status", "root", "health"}) {
    const Result result = Execute({command, "--address", "unix:" + dir.File("none.sock")});
    EXPECT_EQ(result.exit_code, 11) << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr(dir.File("none.sock")), HasSubstr("flatkvd --home")));
  }
}

TEST(CommandLine, ReadingWhereThereIsNoStoreMakesNone) {
  test::TempDir dir;
  const Result result = Execute({"status", "--home", dir.File("home")});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, HasSubstr("there is no store"));
  EXPECT_FALSE(std::ifstream(dir.File("home")).good());
}

TEST(CommandLine, ConfigInitWritesTheDefaultsOnceAndCheckAcceptsThem) {
  test::TempDir dir;
  const std::string file = dir.File("flatkv.toml");
  EXPECT_EQ(Execute({"config", "init", "--output", file}).exit_code, 0);
  std::ostringstream written;
  written << std::ifstream(file).rdbuf();
  EXPECT_EQ(written.str(), DefaultConfigText());
  const Result again = Execute({"config", "init", "--output", file});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, AllOf(HasSubstr("EEXIST"), HasSubstr("left as it is")));
  const Result check = Execute({"config", "check", file, "--json"});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_EQ(nlohmann::json::parse(check.out)["ok"], true);
  EXPECT_EQ(Execute({"config", "init", "--output", "-"}).out, DefaultConfigText());
}

TEST(CommandLine, ConfigCheckNamesFileAndLine) {
  test::TempDir dir;
  const std::string file = dir.File("bad.toml");
  std::ofstream(file) << "[wal]\nsync = \"sometimes\"\n";
  const Result result = Execute({"config", "check", file});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr(file + ":2"));
  EXPECT_EQ(Execute({"config", "check", dir.File("missing")}).exit_code, 2);
  EXPECT_EQ(Execute({"config", "show", "--config", file}).exit_code, 2);
}

TEST(CommandLine, ConfigShowSaysWhereAValueComesFrom) {
  test::TempDir dir;
  const std::string file = dir.File("some.toml");
  std::ofstream(file) << "[wal]\nsync = \"off\"\n";
  const Result result = Execute({"config", "show", "--config", file, "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto document = nlohmann::json::parse(result.out);
  EXPECT_EQ(document["origins"]["wal.sync"], file + ":2");
  EXPECT_THAT(document["toml"].get<std::string>(), HasSubstr("sync = \"off\""));
}

TEST(CommandLine, VersionNamesEveryLibraryAndTheHashKernels) {
  const Result result = Execute({"version", "--json"});
  EXPECT_EQ(result.exit_code, 0);
  const auto document = nlohmann::json::parse(result.out);
  for (const char* part : {"version", "compiler", "leveldb", "grpc", "protobuf", "openssl"}) {
    EXPECT_FALSE(document[part].get<std::string>().empty()) << part;
  }
  EXPECT_THAT(document["hash_kernels"]["sha256"], ::testing::Contains("openssl"));
  EXPECT_THAT(document["hash_kernels"]["blake3"], ::testing::Contains("portable"));
}

TEST(CommandLine, VerifyNeedsAHome) {
  const Result result = Execute({"verify"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("flatkv verify --home DIR"));
}

}  // namespace
}  // namespace flatkv::cli
