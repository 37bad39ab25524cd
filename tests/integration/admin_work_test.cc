// Calls of AdminService that take long: what waits, what goes on meanwhile, cancelling and
// draining.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "server/admin_calls.h"
#include "tests/integration/admin_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;

constexpr std::chrono::hours kLong{1};
// Those of AdminCalls.
constexpr size_t kOperationThreads = 2;

using AdminWorkTest = AdminTest;

TEST_F(AdminWorkTest, LookupsAnswerWhileOperationsRunAndOnlyAFewOfThoseWait) {
  TestGate gate;
  gate.Close();
  admin().on_create = [&gate] {
    gate.Pass();
    return FakeSnapshot(7);
  };
  TestServer& server = Server();
  std::vector<std::thread> callers;
  for (size_t i = 0; i < kOperationThreads; ++i) {
    callers.emplace_back([this] { EXPECT_TRUE(CreateSnapshot().ok()); });
  }
  gate.WaitUntilReached(kOperationThreads);
  // Each call that gives up leaves its place in the queue taken.
  size_t waiting = 0;
  grpc::Status status;
  while (true) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
    v1::Snapshot snapshot;
    status = server.admin->CreateSnapshot(&context, {}, &snapshot);
    if (status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
      break;
    }
    ++waiting;
  }
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_GE(waiting, server::AdminCalls::kOperationsWaitingMax);
  v1::RetentionResponse retention;
  EXPECT_TRUE(Call(&v1::AdminService::Stub::Retention, {}, &retention).ok());
  EXPECT_EQ(gate.reached(), kOperationThreads);
  gate.Open();
  for (std::thread& caller : callers) {
    caller.join();
  }
}

TEST_F(AdminWorkTest, AnOperationWhoseCallerHasGivenUpIsNotBegun) {
  std::atomic<size_t> rollbacks{0};
  admin().on_rollback = [&rollbacks](Version, RollbackChoice, bool) {
    ++rollbacks;
    return RollbackResult();
  };
  TestGate gate;
  admin().on_create = [&gate] {
    gate.Pass();
    return FakeSnapshot(7);
  };
  TestServer& server = Server();
  // The server hears of it some time after the caller: until it has in time, once more and later.
  size_t attempts = 0;
  while (!server.log.Has("admin.rollback_not_begun")) {
    ++attempts;
    gate.Close();
    std::vector<std::thread> callers;
    for (size_t i = 0; i < kOperationThreads; ++i) {
      callers.emplace_back([this] { EXPECT_TRUE(CreateSnapshot().ok()); });
    }
    gate.WaitUntilReached(attempts * kOperationThreads);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
    v1::RollbackRequest request;
    request.set_target(3);
    v1::RollbackResponse response;
    EXPECT_EQ(server.admin->Rollback(&context, request, &response).error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
    std::this_thread::sleep_for(std::chrono::milliseconds(attempts));
    gate.Open();
    for (std::thread& caller : callers) {
      caller.join();
    }
  }
  server.server->Drain(kLong);
  EXPECT_LT(rollbacks, attempts);
}

TEST_F(AdminWorkTest, VerifyStreamsProgressAndThenTheReport) {
  VerifyOptions asked;
  admin().on_verify = [&asked](const VerifyOptions& options, const OnVerifyProgress& on_progress) {
    asked = options;
    EXPECT_TRUE(on_progress({.phase = "changelog", .done = 1, .total = 2}));
    VerifyReport report;
    report.version = 5;
    report.findings = {"storage: bad"};
    report.snapshots = 1;
    report.files = 2;
    report.versions = 3;
    report.rows = 4;
    report.seconds = 0.5;
    return report;
  };
  grpc::ClientContext context;
  v1::VerifyRequest request;
  request.set_full(true);
  request.set_snapshot(5);
  const auto reader = Server().admin->Verify(&context, request);
  v1::VerifyResponse event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.progress().phase(), "changelog");
  EXPECT_EQ(event.progress().done(), 1U);
  EXPECT_EQ(event.progress().total(), 2U);
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.report().version(), 5);
  EXPECT_EQ(event.report().root().size(), 32U);
  EXPECT_THAT(event.report().findings(), ElementsAre("storage: bad"));
  EXPECT_EQ(event.report().snapshots(), 1U);
  EXPECT_EQ(event.report().files(), 2U);
  EXPECT_EQ(event.report().versions(), 3U);
  EXPECT_EQ(event.report().rows(), 4U);
  EXPECT_EQ(event.report().seconds(), 0.5);
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(asked.depth, VerifyDepth::kFull);
  EXPECT_EQ(asked.at, std::nullopt);
  EXPECT_EQ(asked.snapshot, 5);
}

TEST_F(AdminWorkTest, ProgressThatNobodyReadsHoldsNothingUp) {
  constexpr uint64_t kReports = 100'000;
  admin().on_verify = [](const VerifyOptions&, const OnVerifyProgress& on_progress) {
    const std::string phase(1'000, 'x');
    for (uint64_t done = 0; done < kReports; ++done) {
      EXPECT_TRUE(on_progress({.phase = phase, .done = done}));
    }
    return VerifyReport();
  };
  grpc::ClientContext context;
  const auto reader = Server().admin->Verify(&context, {});
  v1::VerifyResponse event;
  bool reported = false;
  uint64_t last = 0;
  while (reader->Read(&event)) {
    EXPECT_FALSE(reported);
    reported = event.has_report();
    if (event.has_progress()) {
      EXPECT_GE(event.progress().done(), last);
      last = event.progress().done();
    }
  }
  EXPECT_TRUE(reported);
  EXPECT_TRUE(reader->Finish().ok());
}

// Verifies until it is cancelled.
StatusOr<VerifyReport> VerifyForEver(const VerifyOptions&, const OnVerifyProgress& on_progress) {
  while (on_progress({.phase = "rows"})) {
    std::this_thread::yield();
  }
  return Cancelled("cancelled");
}

TEST_F(AdminWorkTest, CancellingTheCallCancelsTheVerification) {
  TestGate cancelled;
  admin().on_verify = [&cancelled](const VerifyOptions& options, const OnVerifyProgress& report) {
    StatusOr<VerifyReport> result = VerifyForEver(options, report);
    cancelled.Pass();
    return result;
  };
  grpc::ClientContext context;
  const auto reader = Server().admin->Verify(&context, {});
  v1::VerifyResponse event;
  ASSERT_TRUE(reader->Read(&event));
  context.TryCancel();
  while (reader->Read(&event)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  cancelled.WaitUntilReached(1);
}

TEST_F(AdminWorkTest, OneVerificationRunsAtATime) {
  admin().on_verify = VerifyForEver;
  admin().on_create = [] { return FakeSnapshot(7); };
  grpc::ClientContext first_context;
  const auto first = Server().admin->Verify(&first_context, {});
  v1::VerifyResponse event;
  ASSERT_TRUE(first->Read(&event));
  grpc::ClientContext second_context;
  const auto second = Server().admin->Verify(&second_context, {});
  EXPECT_FALSE(second->Read(&event));
  const grpc::Status status = second->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailOf(status).reason(), v1::OPERATION_IN_PROGRESS);
  v1::Snapshot snapshot;
  EXPECT_TRUE(Call(&v1::AdminService::Stub::CreateSnapshot, {}, &snapshot).ok())
      << "a verification holds other operations up";
  first_context.TryCancel();
  while (first->Read(&event)) {
  }
  first->Finish();
}

TEST_F(AdminWorkTest, ADrainCancelsAVerificationAndRefusesWhatComes) {
  admin().on_verify = VerifyForEver;
  grpc::ClientContext context;
  const auto reader = Server().admin->Verify(&context, {});
  v1::VerifyResponse event;
  ASSERT_TRUE(reader->Read(&event));
  std::thread drain([this] { Server().server->Drain(kLong); });
  while (reader->Read(&event)) {
  }
  const grpc::Status status = reader->Finish();
  drain.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  EXPECT_EQ(DetailOf(status).reason(), v1::CLOSED);
}

TEST_F(AdminWorkTest, ADrainWaitsForARollbackHoweverLongItTakes) {
  TestGate gate;
  gate.Close();
  std::atomic<bool> finished{false};
  admin().on_rollback = [&](Version, RollbackChoice, bool) {
    gate.Pass();
    finished = true;
    return RollbackResult();
  };
  TestServer& server = Server();
  std::thread caller([&server] {
    grpc::ClientContext context;
    v1::RollbackRequest request;
    request.set_target(3);
    v1::RollbackResponse response;
    server.admin->Rollback(&context, request, &response);  // cancelled or answered
  });
  gate.WaitUntilReached(1);
  std::atomic<bool> drained{false};
  std::thread drain([&] {
    server.server->Drain(std::chrono::milliseconds(0));
    drained = true;
    EXPECT_TRUE(finished) << "the server was gone before the rollback";
  });
  caller.join();  // its call is cancelled by the drain, while the rollback goes on
  EXPECT_FALSE(drained);
  gate.Open();
  drain.join();
}

}  // namespace
}  // namespace flatkv::test
