// The metrics endpoint over HTTP, beside a server over a real store in memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "server/daemon_metrics.h"
#include "tests/integration/metrics_text.h"
#include "tests/integration/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::chrono::hours kLong{1};

std::string Rpcs(const std::string& service, const std::string& method, const std::string& code) {
  return "flatkv_rpcs_total{service=\"" + service + "\",method=\"" + method + "\",code=\"" + code +
         "\"}";
}
std::string CommitRpcs(const std::string& method, const std::string& code) {
  return Rpcs("flatkv.v1.CommitService", method, code);
}

v1::CommitBlockRequest Block(Version version, int pairs = 1) {
  OwnedBlock block(version);
  for (int i = 0; i < pairs; ++i) {
    block.Set("bank", "key " + std::to_string(i), "value");
  }
  return ToRequest(block);
}

Config ConfigOf(const std::string& metrics_listen) {
  Config config = DefaultConfig();
  config.server.metrics_listen = metrics_listen;
  return config;
}

class MetricsServerTest : public ::testing::Test {
 protected:
  MetricsServerTest() {
    auto started = Start("127.0.0.1:0");
    EXPECT_OK(started);
    endpoint_ = *std::move(started);
    server::ServerOptions options =
        TestServer::Options({"unix:" + dir_.File("node")}, "unix:" + dir_.File("admin"));
    options.metrics = metrics_;
    server_ = std::make_unique<TestServer>(memory_.store(), options);
  }

  StatusOr<std::unique_ptr<server::MetricsServer>> Start(const std::string& address) {
    return server::StartMetrics(ConfigOf(address), "/home", "test", memory_.faults(),
                                memory_.store(), metrics_);
  }
  MetricsText Metrics() { return Scrape(endpoint_->address()); }
  // gRPC drops what it kept of a call a little after the client has its end.
  MetricsText WaitForNone(const std::string& series) {
    while (true) {
      MetricsText metrics = Metrics();
      if (!metrics.Has(series) || metrics[series] == 0) {
        return metrics;
      }
      std::this_thread::yield();
    }
  }
  grpc::Status Commit(const v1::CommitBlockRequest& request) {
    v1::CommitResponse response;
    return server_->Commit(request, &response);
  }
  Status CreateSnapshot() { return memory_.store().admin().CreateSnapshot().status(); }

  TempDir dir_;
  MemoryStore memory_;
  const server::ServiceMetrics metrics_ = server::NewServiceMetrics(ConfigOf("127.0.0.1:0"));
  std::unique_ptr<server::MetricsServer> endpoint_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(MetricsServerTest, EverySeriesIsOfADocumentedFamilyAndComesOnce) {
  ASSERT_TRUE(Commit(Block(1)).ok());
  ASSERT_FALSE(Commit(Block(9)).ok());
  const MetricsText metrics = Metrics();
  EXPECT_THAT(metrics.problems, IsEmpty());
  EXPECT_GT(metrics.values.size(), 100U);
  for (const auto& [family, type] : metrics.type) {
    EXPECT_THAT(family, ::testing::AnyOf(StartsWith("flatkv_"),
                                         StartsWith("exposer_")));  // ours, the library's
    EXPECT_EQ(type == "counter", family.ends_with("_total")) << family;
    EXPECT_FALSE(metrics.help.at(family).empty()) << family;
  }
}

TEST_F(MetricsServerTest, ValuesMoveWithCommits) {
  const MetricsText before = Metrics();
  EXPECT_EQ(before["flatkv_version_head"], 0);
  EXPECT_EQ(before["flatkv_commits_total"], 0);
  EXPECT_FALSE(
      before.Has("flatkv_commit_failures_total{code=\"FAILED_PRECONDITION\","
                 "reason=\"VERSION_GAP\"}"));
  ASSERT_TRUE(Commit(Block(1, 3)).ok());
  ASSERT_TRUE(Commit(Block(2, 4)).ok());
  ASSERT_TRUE(Commit(Block(2, 4)).ok());
  EXPECT_EQ(Commit(Block(9)).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  ASSERT_OK(memory_.store().Flush());
  const MetricsText after = Metrics();
  EXPECT_EQ(after["flatkv_version_head"], 2);
  EXPECT_EQ(after["flatkv_version_oldest_root"], 1);
  EXPECT_EQ(after["flatkv_db_rows{db=\"misc\"}"], 4);
  EXPECT_EQ(after["flatkv_db_rows{db=\"account\"}"], 0);
  EXPECT_GT(after["flatkv_db_row_bytes{db=\"misc\"}"], 0);
  EXPECT_EQ(after["flatkv_lag_versions"], 0);
  EXPECT_EQ(after["flatkv_commits_total"], 2);
  EXPECT_EQ(after["flatkv_commit_repeats_total"], 1);
  EXPECT_EQ(after["flatkv_commit_updates_total"], 7);
  EXPECT_EQ(after["flatkv_commit_seconds_count"], 2);
  EXPECT_GT(after["flatkv_commit_seconds_sum"], 0);
  EXPECT_EQ(after["flatkv_commit_phase_seconds_count{phase=\"sync\"}"], 2);
  EXPECT_EQ(
      after["flatkv_commit_failures_total{code=\"FAILED_PRECONDITION\",reason=\"VERSION_GAP\"}"],
      1);
  EXPECT_GE(after["flatkv_wal_syncs_total"], 2);
  EXPECT_GT(after["flatkv_wal_appended_bytes_total"], before["flatkv_wal_appended_bytes_total"]);
  EXPECT_EQ(after["flatkv_wal_segments"], 1);
  EXPECT_GT(after["flatkv_db_written_bytes_total"], 0);
  EXPECT_GT(after["flatkv_undo_bytes"], 0);
  EXPECT_EQ(after["flatkv_store_poisoned"], 0);
  EXPECT_EQ(after["flatkv_recovery_dirty_start"], 0);
}

TEST_F(MetricsServerTest, CallsAreCountedByMethodAndCode) {
  ASSERT_TRUE(Commit(Block(1)).ok());
  EXPECT_FALSE(Commit(Block(9)).ok());
  v1::GetResponse response;
  ASSERT_TRUE(server_->Get("bank", "key 0", &response).ok());
  ASSERT_EQ(server_->Health(""), "SERVING");
  grpc::ClientContext context;
  v1::RetentionResponse retention;
  ASSERT_TRUE(server_->admin->Retention(&context, v1::RetentionRequest(), &retention).ok());
  const MetricsText metrics = Metrics();
  EXPECT_EQ(metrics[CommitRpcs("CommitBlock", "OK")], 1);
  EXPECT_EQ(metrics[CommitRpcs("CommitBlock", "FAILED_PRECONDITION")], 1);
  EXPECT_EQ(metrics[CommitRpcs("ApplyChangeSets", "OK")], 0) << "known before the first call";
  EXPECT_EQ(metrics[Rpcs("flatkv.v1.QueryService", "Get", "OK")], 1);
  EXPECT_EQ(metrics[Rpcs("flatkv.v1.AdminService", "Retention", "OK")], 1);
  EXPECT_EQ(metrics[Rpcs("grpc.health.v1.Health", "Check", "OK")], 1);
}

TEST_F(MetricsServerTest, AClientCannotMakeUpSeries) {
  const size_t before = Metrics().values.size();
  for (const std::string method :
       {"/made.up/Method", "/flatkv.v1.CommitService/MadeUp", "/flatkv.v1.CommitService"}) {
    const RawAnswer answer = RawCall(server_->channel, method, {});
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  }
  // The code UNIMPLEMENTED of "other" at most.
  EXPECT_LE(Metrics().values.size(), before + 1);
}

TEST_F(MetricsServerTest, AnOpenStreamIsSeenAndItsCommitsCount) {
  const std::string streams =
      "flatkv_rpcs_running{service=\"flatkv.v1.CommitService\",method=\"CommitStream\"}";
  EXPECT_EQ(Metrics()[streams], 0);
  grpc::ClientContext context;
  const auto stream = server_->commits->CommitStream(&context);
  v1::CommitResponse response;
  ASSERT_TRUE(stream->Write(Block(1, 5)));
  ASSERT_TRUE(stream->Read(&response));
  const MetricsText open = Metrics();
  EXPECT_EQ(open[streams], 1);
  EXPECT_EQ(open["flatkv_commits_total"], 1);
  EXPECT_EQ(open["flatkv_commit_updates_total"], 5);
  ASSERT_TRUE(stream->Write(Block(7)));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const MetricsText ended = WaitForNone(streams);
  EXPECT_EQ(ended[CommitRpcs("CommitStream", "FAILED_PRECONDITION")], 1);
  EXPECT_EQ(
      ended["flatkv_commit_failures_total{code=\"FAILED_PRECONDITION\",reason=\"VERSION_GAP\"}"],
      1);
}

TEST_F(MetricsServerTest, AppliedChangesCountWhenTheyAreCommitted) {
  const auto apply = [this](Version version, int pairs) {
    const v1::CommitBlockRequest block = Block(version, pairs);
    v1::ApplyChangeSetsRequest request;
    request.set_version(version);
    *request.mutable_changesets() = block.changesets();
    grpc::ClientContext context;
    v1::ApplyChangeSetsResponse response;
    return server_->commits->ApplyChangeSets(&context, request, &response).ok();
  };
  const auto discard = [this] {
    grpc::ClientContext context;
    v1::DiscardPendingResponse response;
    return server_->commits->DiscardPending(&context, v1::DiscardPendingRequest(), &response).ok();
  };
  ASSERT_TRUE(apply(1, 9));
  EXPECT_EQ(Metrics()["flatkv_version_pending"], 1);
  ASSERT_TRUE(discard());
  ASSERT_TRUE(apply(1, 2));
  EXPECT_EQ(Metrics()["flatkv_commit_updates_total"], 0);
  grpc::ClientContext context;
  v1::CommitRequest request;
  request.set_version(1);
  v1::CommitResponse response;
  ASSERT_TRUE(server_->commits->Commit(&context, request, &response).ok());
  const MetricsText metrics = Metrics();
  EXPECT_EQ(metrics["flatkv_commit_updates_total"], 2);
  EXPECT_EQ(metrics["flatkv_version_pending"], 0);
}

TEST_F(MetricsServerTest, AFailedSnapshotShowsUntilOneSucceeds) {
  ASSERT_TRUE(Commit(Block(1)).ok());
  ASSERT_OK(CreateSnapshot());
  ASSERT_TRUE(Commit(Block(2)).ok());
  const MetricsText before = Metrics();
  EXPECT_EQ(before["flatkv_snapshot_current_version"], 1);
  const double taken = before["flatkv_snapshots_taken_total"];
  EXPECT_GE(taken, 1);
  EXPECT_GT(before["flatkv_snapshot_current_timestamp_seconds"], 0);
  EXPECT_GT(before["flatkv_snapshots_bytes"], 0);
  FaultRule rule;
  rule.op = FsOp::kRename;
  rule.path_contains = "snapshot-00000000000000000002";
  rule.times = FaultRule::kForever;
  memory_.faults().AddRule(rule);
  ASSERT_FALSE(CreateSnapshot().ok());
  const MetricsText failed = Metrics();
  EXPECT_EQ(failed["flatkv_snapshots_failed_total"], 1);
  EXPECT_EQ(failed["flatkv_snapshot_last_failed"], 1);
  EXPECT_EQ(failed["flatkv_snapshot_current_version"], 1);
  EXPECT_EQ(failed["flatkv_store_poisoned"], 0) << "commits go on";
  memory_.faults().ClearRules();
  ASSERT_OK(CreateSnapshot());
  const MetricsText after = Metrics();
  EXPECT_EQ(after["flatkv_snapshots_failed_total"], 1);
  EXPECT_EQ(after["flatkv_snapshot_last_failed"], 0);
  EXPECT_EQ(after["flatkv_snapshot_current_version"], 2);
  EXPECT_EQ(after["flatkv_snapshot_last_version"], 2);
  EXPECT_EQ(after["flatkv_snapshots_taken_total"], taken + 1);
  EXPECT_EQ(after["flatkv_snapshots"], 2);
}

TEST_F(MetricsServerTest, APoisonedStoreSaysWhy) {
  ASSERT_TRUE(Commit(Block(1)).ok());
  FaultRule rule;
  rule.op = FsOp::kSync;
  rule.path_contains = ".wal";
  rule.times = FaultRule::kForever;
  memory_.faults().AddRule(rule);
  EXPECT_FALSE(Commit(Block(2)).ok());
  EXPECT_EQ(Commit(Block(2)).error_code(), grpc::StatusCode::UNAVAILABLE);
  const MetricsText metrics = Metrics();
  EXPECT_THAT(metrics.problems, IsEmpty());
  EXPECT_EQ(metrics["flatkv_store_poisoned"], 1);
  EXPECT_EQ(metrics["flatkv_version_head"], 1);
  const auto reason = metrics.values.lower_bound("flatkv_store_poison_info{");
  ASSERT_NE(reason, metrics.values.end());
  EXPECT_THAT(reason->first, StartsWith("flatkv_store_poison_info{reason=\""));
  EXPECT_THAT(reason->first, HasSubstr(".wal"));
  EXPECT_GE(metrics["flatkv_commit_failures_total{code=\"UNAVAILABLE\",reason=\"POISONED\"}"], 1);
}

TEST_F(MetricsServerTest, TheEndpointAnswersAfterTheServerAndTheStoreAreGone) {
  ASSERT_TRUE(Commit(Block(1)).ok());
  server_->server->Drain(kLong);
  server_.reset();
  EXPECT_EQ(Metrics()["flatkv_version_head"], 1);
  ASSERT_OK(memory_.store().Close());
  const MetricsText closed = Metrics();
  EXPECT_THAT(closed.problems, IsEmpty());
  EXPECT_EQ(closed["flatkv_version_head"], 1);
  EXPECT_EQ(closed["flatkv_commits_total"], 1);
}

TEST_F(MetricsServerTest, NothingButTheMetricsIsServed) {
  for (const std::string path : {"/", "/metric", "/../../etc/passwd", "/CMakeLists.txt"}) {
    EXPECT_EQ(HttpGet(endpoint_->address(), path).status, 404) << path;
  }
}

TEST_F(MetricsServerTest, AnAddressInUseIsNamedAndTheOtherGoesOn) {
  EXPECT_THAT(
      Start(endpoint_->address()),
      StatusIs(StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("cannot listen on " + endpoint_->address()), HasSubstr("EADDRINUSE"),
                     HasSubstr("--metrics-listen"), HasSubstr("[server] metrics-listen"))));
  EXPECT_EQ(Metrics()["flatkv_version_head"], 0);
}

TEST_F(MetricsServerTest, AnAddressIsTakenByNameToo) {
  const auto endpoint = Start("localhost:0");
  ASSERT_OK(endpoint);
  EXPECT_THAT((*endpoint)->address(), StartsWith("localhost:"));
  EXPECT_EQ(Scrape((*endpoint)->address())["flatkv_version_head"], 0);
}

TEST_F(MetricsServerTest, ThePortIsFreeOnceTheEndpointIsGone) {
  const std::string address = endpoint_->address();
  endpoint_.reset();
  EXPECT_EQ(HttpGet(address, "/metrics").status, 0);
  EXPECT_OK(Start(address));
}

TEST_F(MetricsServerTest, RemoteAddressesAndSocketFilesAreRefused) {
  EXPECT_THAT(Start("0.0.0.0:0"), StatusIs(StatusCode::kInvalidArgument,
                                           AllOf(HasSubstr("[server] metrics-listen: 0.0.0.0:0"),
                                                 HasSubstr("--allow-insecure-remote"))));
  EXPECT_THAT(Start("unix:" + dir_.File("metrics")), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(MetricsServerTest, ThereIsNoEndpointByDefault) {
  const auto endpoint = Start("");
  ASSERT_OK(endpoint);
  EXPECT_EQ(*endpoint, nullptr);
  EXPECT_EQ(server::NewServiceMetrics(DefaultConfig()).rpcs, nullptr) << "no interceptor either";
}

}  // namespace
}  // namespace flatkv::test
