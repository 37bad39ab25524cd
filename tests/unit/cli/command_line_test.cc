#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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

const std::vector<std::vector<std::string>> kCommands = {{"status"},
                                                         {"root"},
                                                         {"get"},
                                                         {"iterate"},
                                                         {"verify"},
                                                         {"replay"},
                                                         {"health"},
                                                         {"version"},
                                                         {"config", "check"},
                                                         {"config", "init"},
                                                         {"config", "show"},
                                                         {"snapshot", "create"},
                                                         {"snapshot", "list"},
                                                         {"snapshot", "show"},
                                                         {"snapshot", "verify"},
                                                         {"snapshot", "rm"},
                                                         {"snapshot", "pin"},
                                                         {"snapshot", "unpin"},
                                                         {"snapshot", "pins"},
                                                         {"rollback"},
                                                         {"reorg"},
                                                         {"prune"},
                                                         {"quarantine", "list"},
                                                         {"quarantine", "rm"},
                                                         {"wal", "info"},
                                                         {"wal", "dump"},
                                                         {"wal", "verify"},
                                                         {"recover"},
                                                         {"migrate"}};

// Whether `text` has two examples of the command behind "Examples:".
bool HasTwoExamples(std::string_view text, std::string_view command) {
  size_t examples = 0;
  for (size_t at = text.find(command); at != std::string_view::npos;
       at = text.find(command, at + 1)) {
    ++examples;
  }
  return examples >= 2;
}

TEST(CommandLine, EveryCommandHasHelpWithTwoExamplesAndItsJson) {
  for (std::vector<std::string> command : kCommands) {
    std::string example = "flatkv";
    for (const std::string& word : command) {
      example += " " + word;
    }
    command.emplace_back("--help");
    const Result result = Execute(command);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, AllOf(HasSubstr("Examples:"), HasSubstr("JSON:"), HasSubstr("--json")));
    EXPECT_THAT(result.out, HasSubstr("\n  " + example));
    const size_t footer = result.out.find("Examples:");
    ASSERT_NE(footer, std::string::npos) << example;
    EXPECT_TRUE(HasTwoExamples(std::string_view(result.out).substr(footer), example)) << example;
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
  EXPECT_EQ(Execute({"iterate", "bank", "--limit", "-1"}).exit_code, 2);
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

TEST(CommandLine, AdminCommandsAreParsedStrictly) {
  const std::vector<std::vector<std::string>> wrong = {
      {"snapshot"},
      {"snapshot", "show"},
      {"snapshot", "show", "0"},
      {"snapshot", "pin", "3"},
      {"snapshot", "verify", "3", "--all"},
      {"rollback"},
      {"rollback", "--to", "-1"},
      {"rollback", "--to", "0"},
      {"rollback", "--to", "1", "--method", "magic"},
      {"rollback", "--to", "1", "--method", "0"},
      {"rollback", "--to", "1", "--yes", "--dry-run"},
      {"prune", "--keep", "-1"},
      {"reorg"},
      {"verify", "--quick", "--full"},
      {"verify", "--at", "1", "--snapshot", "1"},
      {"wal", "dump", "--from", "0"},
      {"recover", "--home", "x"},
      {"quarantine", "rm"},
  };
  for (const std::vector<std::string>& words : wrong) {
    const Result result = Execute(words);
    EXPECT_EQ(result.exit_code, 2) << words.front() << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr("--help"));
  }
}

TEST(CommandLine, WhatWorksOnFilesNeedsAHomeAndAStoreInIt) {
  test::TempDir dir;
  const std::vector<std::vector<std::string>> commands = {{"wal", "info"},
                                                          {"wal", "dump"},
                                                          {"wal", "verify"},
                                                          {"migrate"},
                                                          {"recover", "--select", "3"}};
  for (std::vector<std::string> words : commands) {
    const Result homeless = Execute(words);
    EXPECT_EQ(homeless.exit_code, 2) << words.front();
    EXPECT_THAT(homeless.err, HasSubstr("--home DIR"));
    words.insert(words.end(), {"--home", dir.File("none")});
    const Result nothing = Execute(words);
    EXPECT_EQ(nothing.exit_code, 4) << words.front();
    EXPECT_THAT(nothing.err, HasSubstr("there is no store"));
  }
}

TEST(CommandLine, AdminCommandsSayWhatIsMissingLikeTheOthers) {
  test::TempDir dir;
  const Result offline = Execute({"snapshot", "list", "--home", dir.File("none")});
  EXPECT_EQ(offline.exit_code, 4);
  EXPECT_THAT(offline.err, HasSubstr("there is no store"));
  const Result online =
      Execute({"rollback", "--to", "3", "--address", "unix:" + dir.File("none.sock")});
  EXPECT_EQ(online.exit_code, 11) << online.err;
}

TEST(CommandLine, MigrateShowsItsPlanAndAsksBeforeItMovesAnything) {
  test::TempDir dir;
  const std::string home = dir.path();
  ASSERT_EQ(::mkdir(dir.File("flatkv").c_str(), 0755), 0);
  const Result nothing = Execute({"migrate", "--home", home});
  EXPECT_EQ(nothing.exit_code, 0) << nothing.err;
  EXPECT_THAT(nothing.out, HasSubstr("nothing to migrate"));
  for (const char* db : {"account", "storage"}) {
    ASSERT_EQ(::mkdir(dir.File(std::string("flatkv/") + db).c_str(), 0755), 0);
  }
  const Result dry = Execute({"migrate", "--home", home, "--dry-run", "--json"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  const auto plan = nlohmann::json::parse(dry.out)["plan"];
  EXPECT_EQ(plan["migrate"], true);
  EXPECT_EQ(plan["data_dbs"], nlohmann::json({"account", "storage"}));
}

TEST(CommandLine, ADestructiveCommandIsRepeatedWithTheWordsThatWereTyped) {
  test::TempDir dir;
  const std::string home = dir.File("my home");
  ASSERT_EQ(::mkdir(home.c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((home + "/flatkv").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((home + "/flatkv/misc").c_str(), 0755), 0);
  if (::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) {
    GTEST_SKIP() << "would ask the person at the terminal";
  }
  const Result result = Execute({"migrate", "--home", home});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, HasSubstr("plan: migrate"));
  EXPECT_THAT(result.err, AllOf(HasSubstr("nothing was changed"),
                                HasSubstr("flatkv migrate --home '" + home + "' --yes")));
}

}  // namespace
}  // namespace flatkv::cli
