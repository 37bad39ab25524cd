// compact and scrub: what they print and do.
#include "cli/upkeep_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/cli/admin_fixture.h"

namespace flatkv::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(AdminCommandsTest, CompactSaysWhatItGaveBack) {
  admin_.compact_report.dbs[3] = {900, 400};
  admin_.compact_report.seconds = 0.25;
  const std::string text = Run([&] { return RunCompact(Session(false), [] { return false; }); });
  EXPECT_OK(status_);
  EXPECT_THAT(text, HasSubstr("misc                 900             400"));
  const auto lines = Lines(Run([&] { return RunCompact(Session(true), [] { return false; }); }));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["data_dbs"]["misc"]["bytes_before"], 900);
  EXPECT_EQ(lines[0]["data_dbs"]["misc"]["bytes_after"], 400);
  EXPECT_EQ(lines[0]["seconds"], 0.25);
  EXPECT_THAT(admin_.done, ElementsAre("compact", "compact"));
}

TEST_F(AdminCommandsTest, ScrubShowsWhatIsDamaged) {
  admin_.scrub.state = "idle";
  admin_.scrub.last_end_unix_seconds = 1700000000;
  admin_.scrub.last_findings = 1;
  admin_.scrub.findings = {"version 7: data DB misc: bad"};
  const std::string text = Run([&] { return RunScrub(Session(false), ScrubAction::kPause); });
  EXPECT_OK(status_);
  EXPECT_THAT(text, HasSubstr("last pass ended 2023-11-14T22:13:20Z"));
  EXPECT_THAT(text, HasSubstr("DAMAGED   version 7: data DB misc: bad"));
  EXPECT_THAT(text, Not(HasSubstr("WAITS")));
  const auto lines = Lines(Run([&] { return RunScrub(Session(true), ScrubAction::kStatus); }));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["state"], "idle");
  EXPECT_THAT(lines[0]["findings"], ElementsAre("version 7: data DB misc: bad"));
  EXPECT_THAT(admin_.done, ElementsAre("scrub 2", "scrub 0"));
}

}  // namespace
}  // namespace flatkv::cli
