// What the metrics are made of, and the warning of a full disk, without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <limits>
#include <string>

#include "server/commit_metrics.h"
#include "server/disk_watch.h"
#include "server/duration_histogram.h"
#include "server/metric_list.h"
#include "server/process_metrics.h"
#include "server/service_status.h"
#include "server/store_metrics.h"
#include "tests/integration/fake_store.h"
#include "tests/integration/metrics_text.h"
#include "tests/integration/server_fixture.h"

namespace flatkv::server {
namespace {

using ::flatkv::test::EventLog;
using ::flatkv::test::FakeStore;
using ::flatkv::test::FaultFileSystem;
using ::flatkv::test::FaultRule;
using ::flatkv::test::FsOp;
using ::flatkv::test::MemFileSystem;
using ::flatkv::test::MetricsText;
using ::flatkv::test::ParseMetrics;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MetricsText TextOf(const std::vector<prometheus::MetricFamily>& families) {
  return ParseMetrics(prometheus::TextSerializer().Serialize(families));
}

TEST(MetricList, OneFamilyTakesEveryLabel) {
  MetricList list;
  list.Gauge("g", "A gauge.", 1, {{"db", "a"}});
  list.Gauge("g", "A gauge.", 2, {{"db", "b"}});
  list.Counter("c_total", "A counter.", 9'007'199'254'740'991);
  const MetricsText text = TextOf(list.Take());
  EXPECT_THAT(text.problems, IsEmpty());
  EXPECT_EQ(text["g{db=\"a\"}"], 1);
  EXPECT_EQ(text["g{db=\"b\"}"], 2);
  EXPECT_EQ(text["c_total"], 9'007'199'254'740'991) << "a version must not lose its last digits";
  EXPECT_EQ(text.type.at("c_total"), "counter");
}

TEST(MetricList, ALabelCannotEndItsLine) {
  MetricList list;
  list.Gauge("g", "A gauge.", 1, {{"reason", "write \"a\\b\":\n\xff failed"}});
  const MetricsText text = TextOf(list.Take());
  EXPECT_THAT(text.problems, IsEmpty());
  EXPECT_TRUE(text.Has(R"(g{reason="write \"a\\b\":?? failed"})"));
}

TEST(DurationHistogram, BucketsIncludeTheirUpperBound) {
  DurationHistogram histogram;
  histogram.Observe(milliseconds(1));
  histogram.Observe(milliseconds(1) + std::chrono::nanoseconds(1));
  histogram.Observe(seconds(10));
  histogram.Observe(seconds(11));
  MetricList list;
  list.Histogram("h", "A histogram.", histogram.Collect());
  const MetricsText text = TextOf(list.Take());
  EXPECT_THAT(text.problems, IsEmpty());
  EXPECT_EQ(text["h_bucket{le=\"0.001\"}"], 1);
  EXPECT_EQ(text["h_bucket{le=\"0.002\"}"], 2);
  EXPECT_EQ(text["h_bucket{le=\"5\"}"], 2);
  EXPECT_EQ(text["h_bucket{le=\"10\"}"], 3);
  EXPECT_EQ(text["h_bucket{le=\"+Inf\"}"], 4);
  EXPECT_EQ(text["h_count"], 4);
  EXPECT_NEAR(text["h_sum"], 21.002, 1e-6);
}

TEST(CommitMetrics, AppliedChangesCountWithTheirVersionOnly) {
  CommitMetrics metrics;
  metrics.Applied(1, 5);
  metrics.Discarded();
  metrics.Applied(1, 2);
  metrics.Applied(1, 3);
  CommitResult result;
  result.version = 1;
  metrics.Committed(result, 0);
  EXPECT_EQ(TextOf(metrics.Collect())["flatkv_commit_updates_total"], 5);
  metrics.Applied(2, 7);  // given up without a word: version 2 came in one call
  metrics.Applied(3, 1);
  result.version = 2;
  metrics.Committed(result, 10);
  EXPECT_EQ(TextOf(metrics.Collect())["flatkv_commit_updates_total"], 15);
}

TEST(CommitMetrics, ARepeatedCommitIsNoCommit) {
  CommitMetrics metrics;
  CommitResult result;
  result.version = 1;
  result.timings.total = milliseconds(30);
  result.timings.sync = milliseconds(20);
  metrics.Committed(result, 4);
  result.already_committed = true;
  metrics.Committed(result, 4);
  const MetricsText text = TextOf(metrics.Collect());
  EXPECT_EQ(text["flatkv_commits_total"], 1);
  EXPECT_EQ(text["flatkv_commit_repeats_total"], 1);
  EXPECT_EQ(text["flatkv_commit_updates_total"], 4);
  EXPECT_EQ(text["flatkv_commit_seconds_count"], 1);
  EXPECT_NEAR(text["flatkv_commit_seconds_sum"], 0.030, 1e-9);
  EXPECT_NEAR(text["flatkv_commit_phase_seconds_sum{phase=\"sync\"}"], 0.020, 1e-9);
  EXPECT_EQ(text["flatkv_commit_phase_seconds_count{phase=\"wait\"}"], 1);
}

TEST(StoreMetricsTest, TheSnapshotsAreThoseOfTheStatusLine) {
  FakeStore store;
  store.fake_admin.retention.activity.policy = "manual";
  store.fake_admin.retention.activity.failed = 2;
  store.fake_admin.retention.activity.last_error = "no space";
  store.fake_admin.retention.activity.running = 7;
  store.fake_admin.retention.snapshots = {3, 5};
  store.fake_admin.retention.current = 5;
  store.fake_admin.retention.pins.resize(3);
  store.fake_admin.retention.quarantine_entries = 4;
  store.fake_admin.retention.open_views = 6;
  SnapshotSummary current;
  current.manifest.version = 5;
  current.manifest.created_unix_seconds = 1'700'000'000;
  store.fake_admin.snapshots = {current};
  const StoreMetrics metrics(store, StoreMetricsOptions());
  const MetricsText text = TextOf(metrics.Collect());
  EXPECT_THAT(text.problems, IsEmpty());
  EXPECT_EQ(text["flatkv_snapshots_failed_total"], 2);
  EXPECT_EQ(text["flatkv_snapshot_last_failed"], 1);
  EXPECT_EQ(text["flatkv_snapshot_running"], 1);
  EXPECT_EQ(text["flatkv_snapshots"], 2);
  EXPECT_EQ(text["flatkv_snapshot_current_version"], 5);
  EXPECT_EQ(text["flatkv_snapshot_current_timestamp_seconds"], 1'700'000'000);
  EXPECT_EQ(text["flatkv_snapshot_pins"], 3);
  EXPECT_EQ(text["flatkv_quarantine_entries"], 4);
  EXPECT_EQ(text["flatkv_views_open"], 6);
  EXPECT_FALSE(text.Has("flatkv_snapshot_interval_versions")) << "no interval under this policy";
  EventLog log;
  ServiceStatus status(store, log);
  EXPECT_EQ(status.Refresh(), "serving, version 0; the last snapshot failed: no space");
  EXPECT_TRUE(log.Has("daemon.snapshot_failed"));
}

TEST(ProcessMetricsTest, WhatTheDiskDoesNotTellIsLeftOut) {
  MemFileSystem disk;
  disk.SetFreeBytes(12'345);
  FaultFileSystem faults(disk);
  const ProcessMetrics metrics(faults, {.directory = "/", .warn_bytes = 100}, "1.2.3");
  const MetricsText before = TextOf(metrics.Collect());
  EXPECT_THAT(before.problems, IsEmpty());
  EXPECT_EQ(before["flatkv_disk_free_bytes"], 12'345);
  EXPECT_EQ(before["flatkv_disk_warn_bytes"], 100);
  EXPECT_EQ(before["flatkv_build_info{version=\"1.2.3\"}"], 1);
  EXPECT_GT(before["flatkv_process_resident_bytes"], 1'000'000);
  FaultRule rule;
  rule.op = FsOp::kFreeBytes;
  faults.AddRule(rule);
  EXPECT_FALSE(TextOf(metrics.Collect()).Has("flatkv_disk_free_bytes"));
}

class DiskWatchTest : public ::testing::Test {
 protected:
  std::string Refresh(uint64_t free_bytes, seconds passed = seconds(0)) {
    disk_.SetFreeBytes(free_bytes);
    now_ += passed;
    return watch_.Refresh(now_);
  }

  MemFileSystem disk_;
  FaultFileSystem faults_{disk_};
  EventLog log_;
  DiskWatch watch_{faults_, log_, {.directory = "/", .warn_bytes = uint64_t{10} << 30}};
  DiskWatch::Clock::time_point now_{};
};

constexpr uint64_t GiB(uint64_t number) { return number << 30; }

TEST_F(DiskWatchTest, WarnsBelowTheLimitAndSaysWhenItIsOver) {
  EXPECT_EQ(Refresh(GiB(10)), "");
  EXPECT_FALSE(log_.Has("daemon.disk_low"));
  EXPECT_EQ(Refresh(GiB(10) - 1), "10.0 GiB free");
  EXPECT_THAT(log_.TextOf("daemon.disk_low"),
              HasSubstr("10.0 GiB free for /, less than [server] disk-warn-bytes (10.0 GiB)"));
  EXPECT_EQ(Refresh(GiB(11) - 1), "11.0 GiB free") << "a tenth more has to be free";
  EXPECT_FALSE(log_.Has("daemon.disk_ok"));
  EXPECT_EQ(Refresh(GiB(11)), "");
  EXPECT_EQ(log_.TextOf("daemon.disk_ok"), "11.0 GiB free for /");
}

TEST_F(DiskWatchTest, WarnsAgainWhenMoreIsGoneButAtMostOnceAMinute) {
  Refresh(GiB(9));
  Refresh(GiB(7), seconds(59));
  EXPECT_THAT(log_.TextOf("daemon.disk_low"), HasSubstr("9.0 GiB free"));
  Refresh(GiB(7), seconds(1));
  EXPECT_THAT(log_.TextOf("daemon.disk_low"), HasSubstr("7.0 GiB free"));
  Refresh(GiB(7) - GiB(1) / 2, seconds(600));
  EXPECT_THAT(log_.TextOf("daemon.disk_low"), HasSubstr("7.0 GiB free")) << "hardly less";
  Refresh(GiB(6), seconds(1));
  EXPECT_THAT(log_.TextOf("daemon.disk_low"), HasSubstr("6.0 GiB free"));
}

TEST_F(DiskWatchTest, ALimitCrossedAgainAndAgainIsLoggedOnceAMinute) {
  Refresh(GiB(9));
  Refresh(GiB(20), seconds(1));
  Refresh(GiB(8), seconds(1));
  EXPECT_THAT(log_.TextOf("daemon.disk_low"), HasSubstr("9.0 GiB free"));
  Refresh(GiB(8), seconds(60));
  EXPECT_THAT(log_.TextOf("daemon.disk_low"), HasSubstr("8.0 GiB free"));
}

TEST_F(DiskWatchTest, ADiskThatDoesNotTellChangesNothing) {
  FaultRule rule;
  rule.op = FsOp::kFreeBytes;
  rule.times = 2;
  rule.skip = 2;
  faults_.AddRule(rule);
  EXPECT_EQ(Refresh(GiB(20)), "");
  EXPECT_EQ(Refresh(GiB(9)), "9.0 GiB free");
  EXPECT_EQ(Refresh(GiB(20)), "9.0 GiB free");
  EXPECT_FALSE(log_.Has("daemon.disk_ok"));
}

TEST_F(DiskWatchTest, ZeroNeverWarns) {
  DiskWatch off(disk_, log_, {.directory = "/", .warn_bytes = 0});
  disk_.SetFreeBytes(0);
  EXPECT_EQ(off.Refresh(now_), "");
  EXPECT_FALSE(log_.Has("daemon.disk_low"));
}

TEST(ServiceStatusDisk, TheStatusLineTellsOfLittleSpace) {
  FakeStore store;
  EventLog log;
  ServiceStatus status(store, log);
  EXPECT_EQ(status.Refresh("4.2 GiB free"),
            "serving, version 0; the disk is nearly full: 4.2 GiB free");
  EXPECT_EQ(status.Refresh("4.2 GiB free"), std::nullopt);
  EXPECT_EQ(status.Refresh(), "serving, version 0");
}

}  // namespace
}  // namespace flatkv::server
