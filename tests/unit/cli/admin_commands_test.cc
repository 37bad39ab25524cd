// status, reads at a version, and the commands that work through StoreAdmin: what they print, ask
// and do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/errors.h"
#include "cli/quarantine_commands.h"
#include "cli/read_commands.h"
#include "cli/snapshot_commands.h"
#include "cli/status_command.h"
#include "cli/verify_commands.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/cli/admin_fixture.h"

namespace flatkv::cli {
namespace {

using nlohmann::json;
using test::HasReason;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Pin kPin = {"1a2b3c4d5e6f7081", 7, "audit", 1700000000};

SnapshotSummary Snapshot(Version version) {
  SnapshotSummary summary;
  summary.manifest.version = version;
  summary.manifest.root = DigestOf(static_cast<uint8_t>(version));
  summary.manifest.created_unix_seconds = 1700000000;
  summary.manifest.files = {{"misc/000001.sst", 100, {}}, {"misc/MANIFEST-000002", 20, {}}};
  summary.files_count = 2;
  summary.total_bytes = 120;
  return summary;
}

TEST_F(AdminCommandsTest, ASnapshotInUseIsRefusedBeforeAnyQuestionAndADryRunToo) {
  admin_.snapshots = {Snapshot(3), Snapshot(7)};
  admin_.snapshots[1].pins = {kPin};
  confirm_.dry_run = true;
  Run([&] { return RunSnapshotRemove(Session(false), 7, confirm_, person_); });
  EXPECT_THAT(status_, AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr("1 pin")),
                             HasReason(Reason::kSnapshotInUse)));
  confirm_.dry_run = false;
  Run([&] { return RunSnapshotRemove(Session(false), 3, confirm_, person_); });
  EXPECT_EQ(CommandExitCode(status_), kExitConfirmation);
  EXPECT_THAT(admin_.done, IsEmpty());
  person_.answer = "3";
  Run([&] { return RunSnapshotRemove(Session(false), 3, confirm_, person_); });
  EXPECT_THAT(admin_.done, ElementsAre("remove 3"));
  Run([&] { return RunSnapshotRemove(Session(false), 4, confirm_, person_); });
  EXPECT_EQ(CommandExitCode(status_), kExitNotFound);
}

TEST_F(AdminCommandsTest, ListAndShowHaveTheirDocumentedShape) {
  admin_.snapshots = {Snapshot(3), Snapshot(7)};
  admin_.snapshots[1].is_current = true;
  admin_.snapshots[1].manifest.dbs[3].modules = {{"bank", DigestOf(2), 4, 5}};
  const json list = json::parse(Run([&] { return RunSnapshotList(Session(true)); }));
  ASSERT_EQ(list["snapshots"].size(), 2u);
  EXPECT_EQ(list["snapshots"][0]["version"], 3);
  EXPECT_EQ(list["snapshots"][0]["files"], 2);
  EXPECT_EQ(list["snapshots"][0]["bytes"], 120);
  EXPECT_EQ(list["snapshots"][1]["current"], true);
  const json show = json::parse(Run([&] { return RunSnapshotShow(Session(true), 7); }))["snapshot"];
  EXPECT_EQ(show["file_list"].size(), 2u);
  EXPECT_EQ(show["file_list"][0]["path"], "misc/000001.sst");
  EXPECT_EQ(show["data_dbs"]["misc"]["modules"]["bank"]["rows"], 4);
  EXPECT_THAT(Run([&] { return RunSnapshotList(Session(false)); }),
              AllOf(HasSubstr("2023-11-14T22:13:20Z"), HasSubstr("current")));
  EXPECT_THAT(Run([&] { return RunSnapshotShow(Session(false), 7); }),
              HasSubstr("misc/000001.sst"));
}

TEST_F(AdminCommandsTest, PinsAreMadeListedAndReleased) {
  EXPECT_THAT(Run([&] { return RunPin(Session(false), 7, "audit"); }),
              HasSubstr("flatkv snapshot unpin 00000000000000aa"));
  admin_.retention.pins = {kPin};
  const json pins = json::parse(Run([&] { return RunPins(Session(true)); }));
  EXPECT_EQ(pins["pins"][0]["reason"], "audit");
  Run([&] { return RunUnpin(Session(false), "missing"); });
  EXPECT_EQ(CommandExitCode(status_), kExitNotFound);
  EXPECT_THAT(HintOf(status_), HasSubstr("flatkv snapshot pins"));
  EXPECT_THAT(admin_.done, ElementsAre("pin 7 audit", "unpin missing"));
}

TEST_F(AdminCommandsTest, FindingsAreALineEachAndExitCode6) {
  admin_.report.version = 9;
  admin_.report.rows = 12;
  const auto never = [] { return false; };
  EXPECT_THAT(Run([&] { return RunVerify(Session(false), {}, never); }),
              HasSubstr("ok: version 9"));
  EXPECT_OK(status_);
  admin_.report.findings = {"storage: 000012.sst has another digest", "bank: 3 rows differ"};
  const std::string output = Run([&] { return RunVerify(Session(false), {}, never); });
  EXPECT_EQ(CommandExitCode(status_), kExitCorrupt);
  EXPECT_THAT(output, AllOf(HasSubstr("\nstorage: 000012.sst has another digest\nbank: 3 rows"),
                            Not(HasSubstr("ok: "))));
  const json document = json::parse(Run([&] { return RunVerify(Session(true), {}, never); }));
  EXPECT_EQ(document["ok"], false);
  EXPECT_EQ(document["findings"].size(), 2u);
  EXPECT_EQ(document["rows"], 12);
  EXPECT_EQ(document["depth"], "quick");
}

TEST_F(AdminCommandsTest, AnInterruptedVerificationIsExitCode130) {
  EXPECT_THAT(Run([&] { return RunVerify(Session(false), {}, [] { return true; }); }),
              Not(HasSubstr("ok")));
  EXPECT_EQ(CommandExitCode(status_), kExitInterrupted);
}

TEST_F(AdminCommandsTest, SnapshotVerifyTakesEverySnapshotUnlessOneIsNamed) {
  admin_.snapshots = {Snapshot(3), Snapshot(7)};
  const auto never = [] { return false; };
  Run([&] { return RunSnapshotVerify(Session(true), {}, VerifyDepth::kFull, never); });
  ASSERT_EQ(admin_.verified.size(), 2u);
  EXPECT_EQ(admin_.verified[0].snapshot, 3);
  EXPECT_EQ(admin_.verified[1].snapshot, 7);
  EXPECT_EQ(admin_.verified[1].depth, VerifyDepth::kFull);
  Run([&] { return RunSnapshotVerify(Session(true), 7, VerifyDepth::kQuick, never); });
  ASSERT_EQ(admin_.verified.size(), 3u);
  EXPECT_EQ(admin_.verified[2].snapshot, 7);
}

TEST_F(AdminCommandsTest, QuarantineEntriesAreRemovedByNameOnly) {
  admin_.quarantine = {{"20260102T030405Z-1a", "working", "not closed cleanly", 1700000000, 44}};
  const json list = json::parse(Run([&] { return RunQuarantineList(Session(true)); }));
  EXPECT_EQ(list["entries"][0]["item"], "working");
  Run([&] { return RunQuarantineRemove(Session(false), "other", confirm_, person_); });
  EXPECT_EQ(CommandExitCode(status_), kExitNotFound);
  const std::string& name = admin_.quarantine[0].name;
  EXPECT_THAT(Run([&] { return RunQuarantineRemove(Session(false), name, confirm_, person_); }),
              HasSubstr("not closed cleanly"));
  EXPECT_EQ(CommandExitCode(status_), kExitConfirmation);
  person_.answer = name;
  Run([&] { return RunQuarantineRemove(Session(false), name, confirm_, person_); });
  EXPECT_OK(status_);
  EXPECT_THAT(admin_.done, ElementsAre("quarantine rm " + name));
}

TEST_F(AdminCommandsTest, StatusShowsRetentionOrInOneLineWhyNot) {
  admin_.retention.oldest_retained = 4;
  admin_.retention.oldest_undo = 8;
  admin_.retention.snapshots = {4, 7};
  admin_.retention.pins = {kPin};
  admin_.retention.on_dirty_store = "recover";
  admin_.retention.activity.policy = "interval";
  admin_.retention.activity.last_error = "no space";
  const std::string text = Run([&] { return RunStatus(access_, false); });
  EXPECT_THAT(text, AllOf(HasSubstr("retained  from version 4 on; undo to version 8"),
                          HasSubstr("snapshots 4, 7"), HasSubstr("1 pins"),
                          HasSubstr("LAST ATTEMPT FAILED: no space"),
                          HasSubstr("on-dirty-store = recover")));
  const json document = json::parse(Run([&] { return RunStatus(access_, true); }));
  EXPECT_EQ(document["retention"]["activity"]["policy"], "interval");
  EXPECT_EQ(document["retention"]["pins"].size(), 1u);

  // Offline nothing is taken by itself, and the line would say so of a store that a daemon serves.
  admin_.retention.activity.last_error.clear();
  EXPECT_THAT(Run([&] { return RunStatus(access_, false); }), Not(HasSubstr("activity")));

  access_.retention_error = FailedPrecondition("the daemon has no admin listener");
  EXPECT_THAT(Run([&] { return RunStatus(access_, false); }),
              HasSubstr("retention unknown: the daemon has no admin listener\n"));
  EXPECT_OK(status_);
  const json without = json::parse(Run([&] { return RunStatus(access_, true); }));
  EXPECT_TRUE(without["retention"].is_null());
  EXPECT_EQ(without["retention_error"], "the daemon has no admin listener");
}

TEST_F(AdminCommandsTest, ReadsPassTheVersionOn) {
  access_.status_report.info.version = 9;
  GetOptions get;
  get.module = "bank";
  get.key_hex = "01";
  EXPECT_EQ(json::parse(Run([&] { return RunGet(access_, get, true); }))["version"], 9);
  get.at = 4;
  EXPECT_EQ(json::parse(Run([&] { return RunGet(access_, get, true); }))["version"], 4);
  IterateOptions iterate;
  iterate.module = "bank";
  iterate.at = 5;
  EXPECT_EQ(Lines(Run([&] { return RunIterate(access_, iterate, true); })).back()["version"], 5);
}

}  // namespace
}  // namespace flatkv::cli
