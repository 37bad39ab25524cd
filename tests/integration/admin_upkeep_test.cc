// Goal: AdminService carries compactions and scrubs as the store has them. Method: a server over a
// fake store, asked through gRPC.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/integration/admin_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AdminUpkeepTest : public AdminTest {};

TEST_F(AdminUpkeepTest, CompactStreamsProgressAndThenTheReport) {
  admin().compact = [](const OnCompactProgress& on_progress) -> StatusOr<CompactReport> {
    EXPECT_TRUE(on_progress({"storage", 1, 2}));
    CompactReport report;
    report.dbs[2] = {30, 20};
    report.seconds = 0.5;
    return report;
  };
  grpc::ClientContext context;
  const auto reader = Server().admin->Compact(&context, {});
  v1::CompactResponse event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.progress().db(), "storage");
  EXPECT_EQ(event.progress().done(), 1U);
  EXPECT_EQ(event.progress().total(), 2U);
  ASSERT_TRUE(reader->Read(&event));
  ASSERT_EQ(event.report().dbs_size(), 4);
  EXPECT_EQ(event.report().dbs(2).name(), "storage");
  EXPECT_EQ(event.report().dbs(2).bytes_before(), 30U);
  EXPECT_EQ(event.report().dbs(2).bytes_after(), 20U);
  EXPECT_EQ(event.report().seconds(), 0.5);
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(AdminUpkeepTest, CancellingTheCallEndsTheCompactionAndTheNextOneIsTaken) {
  admin().compact = [](const OnCompactProgress& on_progress) -> StatusOr<CompactReport> {
    while (on_progress({"misc", 0, 1})) {
      std::this_thread::yield();
    }
    return Cancelled("cancelled");
  };
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    const auto reader = Server().admin->Compact(&context, {});
    v1::CompactResponse event;
    // The one before may still be on its way out.
    if (!reader->Read(&event)) {
      EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
      --i;
      continue;
    }
    context.TryCancel();
    while (reader->Read(&event)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
}

TEST_F(AdminUpkeepTest, ScrubActsAndAnswersWithTheStatus) {
  ScrubStatus& status = admin().scrub;
  status.state = "running";
  status.interval_seconds = 1;
  status.bytes_per_second = 2;
  status.phase = "rows of storage";
  status.started_unix_seconds = 3;
  status.bytes = 4;
  status.last_end_unix_seconds = 5;
  status.last_seconds = 6;
  status.last_bytes = 7;
  status.last_findings = 8;
  status.findings = {"bad"};
  status.bytes_since_open = 9;
  status.passes_since_open = 10;
  status.error = "waits";
  v1::ScrubRequest request;
  for (const v1::ScrubAction action :
       {v1::SCRUB_STATUS, v1::SCRUB_START, v1::SCRUB_PAUSE, v1::SCRUB_RESUME}) {
    request.set_action(action);
    v1::ScrubResponse answer;
    ASSERT_TRUE(Call(&v1::AdminService::Stub::Scrub, request, &answer).ok());
    EXPECT_EQ(answer.state(), "running");
    EXPECT_EQ(answer.interval_seconds(), 1U);
    EXPECT_EQ(answer.bytes_per_second(), 2U);
    EXPECT_EQ(answer.phase(), "rows of storage");
    EXPECT_EQ(answer.started_unix_seconds(), 3U);
    EXPECT_EQ(answer.bytes(), 4U);
    EXPECT_EQ(answer.last_end_unix_seconds(), 5U);
    EXPECT_EQ(answer.last_seconds(), 6U);
    EXPECT_EQ(answer.last_bytes(), 7U);
    EXPECT_EQ(answer.last_findings(), 8U);
    EXPECT_THAT(answer.findings(), ElementsAre("bad"));
    EXPECT_EQ(answer.bytes_since_open(), 9U);
    EXPECT_EQ(answer.passes_since_open(), 10U);
    EXPECT_EQ(answer.error(), "waits");
  }
  EXPECT_THAT(admin().actions, ElementsAre(ScrubAction::kStatus, ScrubAction::kStart,
                                           ScrubAction::kPause, ScrubAction::kResume));
  EXPECT_THAT(Server().log.TextOf("admin.scrub_done"), HasSubstr("running"));
  request.set_action(static_cast<v1::ScrubAction>(9));
  v1::ScrubResponse answer;
  EXPECT_EQ(Call(&v1::AdminService::Stub::Scrub, request, &answer).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace flatkv::test
