// What AdminService refuses before it asks the store, and what its answers leave out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/admin_convert.h"
#include "tests/integration/admin_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

using AdminRequestTest = AdminTest;

TEST_F(AdminRequestTest, WhatNoStoreCouldDoIsRefusedByField) {
  // The store would answer kUnimplemented.
  const auto refused = [](const grpc::Status& status) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    return status.error_message();
  };
  using Stub = v1::AdminService::Stub;
  v1::Snapshot snapshot;
  EXPECT_EQ(refused(Call(&Stub::ShowSnapshot, {}, &snapshot)),
            "version: 0 is no version, the first is 1");
  v1::RemoveSnapshotRequest remove;
  remove.set_version(-3);
  v1::RemoveSnapshotResponse removed;
  EXPECT_THAT(refused(Call(&Stub::RemoveSnapshot, remove, &removed)), HasSubstr("version: -3"));
  v1::PinSnapshotRequest pin;
  v1::PinInfo info;
  EXPECT_THAT(refused(Call(&Stub::PinSnapshot, pin, &info)), HasSubstr("version: 0"));
  pin.set_version(1);
  EXPECT_THAT(refused(Call(&Stub::PinSnapshot, pin, &info)), HasSubstr("reason: is empty"));
  pin.set_reason(std::string(257, 'x'));
  EXPECT_THAT(refused(Call(&Stub::PinSnapshot, pin, &info)),
              HasSubstr("reason: has 257 bytes, at most 256"));
  v1::ReleasePinResponse released;
  EXPECT_EQ(refused(Call(&Stub::ReleasePin, {}, &released)), "id: is empty");
  v1::RemoveQuarantineResponse entry;
  EXPECT_EQ(refused(Call(&Stub::RemoveQuarantine, {}, &entry)), "name: is empty");
  v1::PruneRequest prune;
  prune.set_keep_recent(1'000'001);
  v1::PruneResponse pruned;
  EXPECT_THAT(refused(Call(&Stub::Prune, prune, &pruned)), HasSubstr("keep_recent: is 1000001"));
  v1::RollbackRequest rollback;
  v1::RollbackResponse rolled;
  EXPECT_THAT(refused(Call(&Stub::Rollback, rollback, &rolled)), HasSubstr("target: 0"));
  rollback.set_target(1);
  rollback.set_method(static_cast<v1::RollbackMethod>(3));
  EXPECT_THAT(refused(Call(&Stub::Rollback, rollback, &rolled)), HasSubstr("method: 3 is none of"));
  v1::ReorgResponse reorged;
  EXPECT_THAT(refused(Call(&Stub::Reorg, {}, &reorged)), HasSubstr("blocks: is empty"));
  EXPECT_THAT(refused(Call(&Stub::Reorg, ReorgOf({0}), &reorged)),
              HasSubstr("blocks[0].version: 0"));
  EXPECT_EQ(refused(Call(&Stub::Reorg, ReorgOf({4, 5, 7}), &reorged)),
            "blocks[2].version: is 7, 6 follows on 5");
  EXPECT_FALSE(Server().log.Has("admin.reorg"));
}

TEST(AdminConvert, AReorgOfTooManyBlocksIsRefused) {
  v1::ReorgRequest request;
  for (int i = 0; i <= server::kReorgBlocksMax; ++i) {
    request.add_blocks()->set_version(i + 1);
  }
  const Status status = server::BlocksOf(request).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), Reason::kLimitExceeded);
  request.mutable_blocks()->RemoveLast();
  EXPECT_TRUE(server::BlocksOf(request).ok());
}

TEST(AdminConvert, AReportLeavesOutWhatWouldNotFitAndSaysSo) {
  VerifyReport report;
  report.findings.assign(server::kFindingsMax + 5, "bad");
  v1::VerifyReport message;
  server::ToProto(report, &message);
  ASSERT_EQ(message.findings_size(), static_cast<int>(server::kFindingsMax) + 1);
  EXPECT_EQ(*message.findings().rbegin(), "and 5 more findings that are not listed");
}

TEST_F(AdminRequestTest, AVerificationOfNothingSensibleIsRefused) {
  const auto error_of = [this](const v1::VerifyRequest& request) {
    grpc::ClientContext context;
    const auto reader = Server().admin->Verify(&context, request);
    v1::VerifyResponse event;
    EXPECT_FALSE(reader->Read(&event));
    const grpc::Status status = reader->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    return status.error_message();
  };
  v1::VerifyRequest request;
  request.set_at(-1);
  EXPECT_THAT(error_of(request), HasSubstr("at: -1"));
  request.set_at(1);
  request.set_snapshot(1);
  EXPECT_THAT(error_of(request), HasSubstr("at and snapshot"));
}

}  // namespace
}  // namespace flatkv::test
