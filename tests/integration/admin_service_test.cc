// Every call of AdminService: what the store is asked, and that its answer comes back whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/admin_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using AdminServiceTest = AdminTest;

TEST_F(AdminServiceTest, RetentionSaysEverything) {
  RetentionInfo& info = admin().retention;
  info.oldest_retained = 1;
  info.oldest_undo = 2;
  info.current = 3;
  info.snapshots = {1, 3};
  info.snapshot_bytes = 4;
  info.undo_bytes = 5;
  info.pins = {{.id = "p", .version = 1, .reason = "why", .created_unix_seconds = 6}};
  info.open_views = 7;
  info.quarantine_entries = 8;
  info.quarantine_bytes = 9;
  info.activity = {.policy = "interval",
                   .running = 10,
                   .last_version = 11,
                   .last_seconds = 1.5,
                   .taken = 12,
                   .failed = 13,
                   .last_error = "full"};
  info.on_dirty_store = "recover";
  v1::RetentionResponse answer;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::Retention, {}, &answer).ok());
  EXPECT_EQ(answer.oldest_retained(), 1);
  EXPECT_EQ(answer.oldest_undo(), 2);
  EXPECT_EQ(answer.current(), 3);
  EXPECT_THAT(answer.snapshots(), ElementsAre(1, 3));
  EXPECT_EQ(answer.snapshot_bytes(), 4U);
  EXPECT_EQ(answer.undo_bytes(), 5U);
  ASSERT_EQ(answer.pins_size(), 1);
  EXPECT_EQ(answer.pins(0).created_unix_seconds(), 6U);
  EXPECT_EQ(answer.open_views(), 7U);
  EXPECT_EQ(answer.quarantine_entries(), 8U);
  EXPECT_EQ(answer.quarantine_bytes(), 9U);
  EXPECT_EQ(answer.activity().policy(), "interval");
  EXPECT_EQ(answer.activity().running(), 10);
  EXPECT_EQ(answer.activity().last_version(), 11);
  EXPECT_EQ(answer.activity().last_seconds(), 1.5);
  EXPECT_EQ(answer.activity().taken(), 12U);
  EXPECT_EQ(answer.activity().failed(), 13U);
  EXPECT_EQ(answer.activity().last_error(), "full");
  EXPECT_EQ(answer.on_dirty_store(), "recover");
}

TEST_F(AdminServiceTest, SnapshotsAreMadeListedShownAndRemoved) {
  admin().snapshots = {FakeSnapshot(1), FakeSnapshot(7)};
  admin().on_create = [] { return FakeSnapshot(7); };
  Version removed = 0;
  admin().on_remove = [&removed](Version version) {
    removed = version;
    return OkStatus();
  };
  v1::Snapshot made;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::CreateSnapshot, {}, &made).ok());
  EXPECT_EQ(made.version(), 7);
  EXPECT_THAT(Server().log.TextOf("admin.snapshot_create_done"), HasSubstr("version 7"));
  v1::ListSnapshotsResponse listed;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::ListSnapshots, {}, &listed).ok());
  ASSERT_EQ(listed.snapshots_size(), 2);
  EXPECT_EQ(listed.snapshots(0).files_size(), 0);
  EXPECT_EQ(listed.snapshots(0).files_count(), 2U);
  v1::ShowSnapshotRequest request;
  request.set_version(7);
  v1::Snapshot shown;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::ShowSnapshot, request, &shown).ok());
  EXPECT_EQ(shown.root(), std::string(32, '\xab'));
  EXPECT_TRUE(shown.is_current());
  EXPECT_EQ(shown.pins(0).reason(), "why");
  EXPECT_EQ(shown.leases(), 2U);
  EXPECT_EQ(shown.suite(), "blake3");
  EXPECT_EQ(shown.store_id(), "store");
  EXPECT_EQ(shown.operation_id(), "operation");
  EXPECT_EQ(shown.build(), "1.2");
  EXPECT_EQ(shown.engine(), "leveldb");
  EXPECT_EQ(shown.key_format(), "keys");
  EXPECT_EQ(shown.created_unix_seconds(), 99U);
  EXPECT_EQ(shown.wal_from(), 8);
  EXPECT_EQ(shown.total_bytes(), 7U);
  ASSERT_EQ(shown.dbs_size(), 4);
  EXPECT_EQ(shown.dbs(3).name(), "misc");
  EXPECT_EQ(shown.dbs(3).modules(0).name(), "bank");
  EXPECT_EQ(shown.dbs(3).modules(0).bytes(), 50U);
  ASSERT_EQ(shown.files_size(), 2);
  EXPECT_EQ(shown.files(0).path(), "misc/1.sst");
  EXPECT_EQ(shown.files(0).digest().size(), 16U);
  v1::RemoveSnapshotRequest remove;
  remove.set_version(1);
  v1::RemoveSnapshotResponse nothing;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::RemoveSnapshot, remove, &nothing).ok());
  EXPECT_EQ(removed, 1);
  EXPECT_THAT(Server().log.TextOf("admin.snapshot_remove"), HasSubstr("version 1, asked by unix"));
}

TEST_F(AdminServiceTest, AFailureCarriesItsReasonAndIsLogged) {
  admin().on_remove = [](Version) {
    return WithReason(FailedPrecondition("snapshot 5 is pinned"), Reason::kSnapshotInUse);
  };
  v1::RemoveSnapshotRequest request;
  request.set_version(5);
  v1::RemoveSnapshotResponse nothing;
  const grpc::Status status = Call(&v1::AdminService::Stub::RemoveSnapshot, request, &nothing);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(DetailOf(status).reason(), v1::SNAPSHOT_IN_USE);
  EXPECT_THAT(Server().log.TextOf("admin.snapshot_remove_failed"),
              HasSubstr("snapshot 5 is pinned"));
  v1::ShowSnapshotRequest show;
  show.set_version(5);
  v1::Snapshot shown;
  EXPECT_EQ(DetailOf(Call(&v1::AdminService::Stub::ShowSnapshot, show, &shown)).reason(),
            v1::SNAPSHOT_MISSING);
}

TEST_F(AdminServiceTest, PinsAreMadeListedAndReleased) {
  admin().on_pin = [](Version version, const std::string& reason) {
    return Pin{.id = "0123", .version = version, .reason = reason, .created_unix_seconds = 5};
  };
  std::string released;
  admin().on_release = [&released](const std::string& id) {
    released = id;
    return OkStatus();
  };
  admin().retention.pins = {{.id = "0123", .version = 4, .reason = "backup"}};
  v1::PinSnapshotRequest request;
  request.set_version(4);
  request.set_reason("backup\nadmin.rollback forged");
  v1::PinInfo pin;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::PinSnapshot, request, &pin).ok());
  EXPECT_EQ(pin.id(), "0123");
  EXPECT_EQ(pin.reason(), request.reason());
  EXPECT_EQ(pin.created_unix_seconds(), 5U);
  EXPECT_THAT(Server().log.TextOf("admin.pin"), HasSubstr("\"backup?admin.rollback forged\""));
  v1::ListPinsResponse pins;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::ListPins, {}, &pins).ok());
  ASSERT_EQ(pins.pins_size(), 1);
  v1::ReleasePinRequest release;
  release.set_id("0123");
  v1::ReleasePinResponse nothing;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::ReleasePin, release, &nothing).ok());
  EXPECT_EQ(released, "0123");
}

TEST_F(AdminServiceTest, PruneTellsTheConfiguredNumberFromZeroAndADryRunFromTheDeed) {
  std::vector<std::pair<std::optional<uint64_t>, bool>> asked;
  admin().on_prune = [&asked](std::optional<uint64_t> keep_recent, bool dry_run) {
    asked.emplace_back(keep_recent, dry_run);
    return PrunePlan{.snapshots = {2, 3}, .wal_below = 9};
  };
  v1::PruneRequest request;
  request.set_dry_run(true);
  v1::PruneResponse answer;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::Prune, request, &answer).ok());
  EXPECT_FALSE(Server().log.Has("admin.prune"));
  request.set_dry_run(false);
  request.set_keep_recent(0);
  ASSERT_TRUE(Call(&v1::AdminService::Stub::Prune, request, &answer).ok());
  EXPECT_THAT(asked, ElementsAre(std::make_pair(std::optional<uint64_t>(), true),
                                 std::make_pair(std::optional<uint64_t>(0), false)));
  EXPECT_THAT(answer.snapshots(), ElementsAre(2, 3));
  EXPECT_EQ(answer.wal_below(), 9);
  EXPECT_THAT(Server().log.TextOf("admin.prune_done"),
              HasSubstr("snapshots 2, 3, changelog below 9"));
}

TEST_F(AdminServiceTest, WhatAReorgOfTheFirstVersionGivesUpCanBePlanned) {
  std::vector<Version> planned;
  admin().on_rollback = [&planned](Version target, RollbackChoice, bool dry_run) {
    EXPECT_TRUE(dry_run);
    planned.push_back(target);
    return RollbackResult();
  };
  v1::RollbackRequest request;
  request.set_target(0);
  request.set_dry_run(true);
  v1::RollbackResponse plan;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::Rollback, request, &plan).ok());
  request.set_target(-1);
  EXPECT_FALSE(Call(&v1::AdminService::Stub::Rollback, request, &plan).ok());
  request.set_target(0);
  request.set_dry_run(false);
  EXPECT_FALSE(Call(&v1::AdminService::Stub::Rollback, request, &plan).ok());
  EXPECT_THAT(planned, ElementsAre(0));
}

TEST_F(AdminServiceTest, RollbackAnswersWithThePlanThatWasExecuted) {
  std::vector<std::pair<RollbackChoice, bool>> asked;
  admin().on_rollback = [&asked](Version target, RollbackChoice choice, bool dry_run) {
    asked.emplace_back(choice, dry_run);
    RollbackResult result;
    result.plan.from = 20;
    result.plan.target = target;
    result.plan.target_root.fill(1);
    result.plan.method =
        choice == RollbackChoice::kUndo ? RollbackMethod::kUndo : RollbackMethod::kReplay;
    result.plan.base = 10;
    result.plan.replay_from = 11;
    result.plan.removed_snapshots = {18, 19};
    result.plan.removed_pins = {{.id = "p", .version = 18, .reason = "why"}};
    result.plan.steps = {"one", "two"};
    result.seconds = 2.5;
    return result;
  };
  v1::RollbackRequest request;
  request.set_target(15);
  request.set_dry_run(true);
  v1::RollbackResponse plan;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::Rollback, request, &plan).ok());
  EXPECT_EQ(plan.method(), v1::REPLAY);
  EXPECT_EQ(plan.seconds(), 0);
  EXPECT_FALSE(Server().log.Has("admin.rollback"));
  request.set_dry_run(false);
  request.set_method(v1::UNDO);
  v1::RollbackResponse done;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::Rollback, request, &done).ok());
  EXPECT_THAT(asked, ElementsAre(std::make_pair(RollbackChoice::kAuto, true),
                                 std::make_pair(RollbackChoice::kUndo, false)));
  EXPECT_EQ(done.from(), 20);
  EXPECT_EQ(done.target(), 15);
  EXPECT_EQ(done.target_root(), std::string(32, '\x01'));
  EXPECT_EQ(done.method(), v1::UNDO);
  EXPECT_EQ(done.base(), 10);
  EXPECT_EQ(done.replay_from(), 11);
  EXPECT_THAT(done.removed_snapshots(), ElementsAre(18, 19));
  EXPECT_EQ(done.removed_pins(0).version(), 18);
  EXPECT_THAT(done.steps(), ElementsAre("one", "two"));
  EXPECT_EQ(done.seconds(), 2.5);
  EXPECT_THAT(Server().log.TextOf("admin.rollback"), HasSubstr("to version 15, method UNDO"));
  EXPECT_THAT(Server().log.TextOf("admin.rollback_done"), HasSubstr("from version 20 to 15"));
}

TEST_F(AdminServiceTest, ReorgHandsEveryBlockOver) {
  std::vector<std::string> keys;
  admin().on_reorg = [&keys](std::span<const ReorgBlock> blocks) {
    ReorgResult result;
    result.from = 12;
    for (const ReorgBlock& block : blocks) {
      keys.emplace_back(block.changes.at(0).pairs.at(0).key);
      result.versions.emplace_back(block.version, Digest{});
    }
    result.already_done = true;
    result.seconds = 0.5;
    return result;
  };
  v1::ReorgResponse answer;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::Reorg, ReorgOf({11, 12, 13}), &answer).ok());
  EXPECT_THAT(keys, ElementsAre("key 11", "key 12", "key 13"));
  EXPECT_EQ(answer.from(), 12);
  ASSERT_EQ(answer.versions_size(), 3);
  EXPECT_EQ(answer.versions(2).version(), 13);
  EXPECT_EQ(answer.versions(2).root().size(), 32U);
  EXPECT_TRUE(answer.already_done());
  EXPECT_EQ(answer.seconds(), 0.5);
  EXPECT_THAT(Server().log.TextOf("admin.reorg"), HasSubstr("versions 11 to 13"));
}

TEST_F(AdminServiceTest, QuarantineIsListedAndRemovedByName) {
  admin().quarantine = {{.name = "q", .item = "working", .reason = "why", .bytes = 5}};
  std::string removed;
  admin().on_remove_quarantine = [&removed](const std::string& name) {
    removed = name;
    return OkStatus();
  };
  v1::ListQuarantineResponse listed;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::ListQuarantine, {}, &listed).ok());
  ASSERT_EQ(listed.entries_size(), 1);
  EXPECT_EQ(listed.entries(0).item(), "working");
  EXPECT_EQ(listed.entries(0).bytes(), 5U);
  v1::RemoveQuarantineRequest request;
  request.set_name("q");
  v1::RemoveQuarantineResponse nothing;
  ASSERT_TRUE(Call(&v1::AdminService::Stub::RemoveQuarantine, request, &nothing).ok());
  EXPECT_EQ(removed, "q");
}

}  // namespace
}  // namespace flatkv::test
