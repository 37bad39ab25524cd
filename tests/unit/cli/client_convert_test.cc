#include "cli/client_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/block_line.h"
#include "cli/errors.h"
#include "flatkv/v1/error.pb.h"
#include "tests/support/status_matchers.h"

namespace flatkv::cli {
namespace {

using test::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const ClientOptions kOptions = {.address = "unix:/run/x.sock"};

grpc::Status WithDetail(grpc::StatusCode code, v1::ErrorReason reason, int64_t expected_version) {
  v1::ErrorDetail detail;
  detail.set_reason(reason);
  detail.set_expected_version(expected_version);
  v1::RpcStatus status;
  status.add_details()->PackFrom(v1::ErrorDetail());
  status.mutable_details(0)->set_type_url("type.googleapis.com/some.other.Message");
  status.add_details()->PackFrom(detail);
  return grpc::Status(code, "what happened", status.SerializeAsString());
}

TEST(FromGrpc, TakesReasonAndExpectedVersionFromTheDetail) {
  const Status status =
      FromGrpc(WithDetail(grpc::StatusCode::FAILED_PRECONDITION, v1::VERSION_GAP, 7), kOptions);
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, "what happened"));
  EXPECT_EQ(ReasonOf(status), Reason::kVersionGap);
  EXPECT_EQ(ExpectedVersionOf(status), 7);
}

TEST(FromGrpc, KnowsEveryReasonOfTheContract) {
  for (int i = 0; i < v1::ErrorReason_ARRAYSIZE; ++i) {
    const auto reason = static_cast<v1::ErrorReason>(i);
    const Status status = FromGrpc(WithDetail(grpc::StatusCode::DATA_LOSS, reason, 0), kOptions);
    if (reason != v1::ERROR_REASON_UNSPECIFIED) {
      EXPECT_EQ(ReasonName(ReasonOf(status)), v1::ErrorReason_Name(reason));
    }
    EXPECT_EQ(ExpectedVersionOf(status).has_value(), reason == v1::VERSION_GAP);
  }
}

TEST(FromGrpc, AnUnreachableDaemonIsNamedAndAPoisonedOneIsNotUnreachable) {
  const Status unreachable =
      FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "refused"), kOptions);
  EXPECT_THAT(unreachable, StatusIs(StatusCode::kUnavailable,
                                    "the daemon at unix:/run/x.sock does not answer: refused"));
  EXPECT_THAT(HintOf(unreachable), HasSubstr("flatkvd --home"));
  EXPECT_EQ(CommandExitCode(unreachable), kExitDaemonUnreachable);

  const Status poisoned =
      FromGrpc(WithDetail(grpc::StatusCode::UNAVAILABLE, v1::POISONED, 0), kOptions);
  EXPECT_EQ(CommandExitCode(poisoned), kExitIo);
  EXPECT_THAT(HintOf(poisoned),
              AllOf(HasSubstr("flatkv status"), Not(HasSubstr("flatkvd --home"))));
}

TEST(FromGrpc, AMessageOverTheLimitIsNoFullDisk) {
  const Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "larger than max"), kOptions);
  EXPECT_EQ(ReasonOf(status), Reason::kLimitExceeded);
  EXPECT_EQ(CommandExitCode(status), kExitUsage);
}

TEST(FromGrpc, SurvivesDetailsThatAreNone) {
  EXPECT_THAT(FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, "x", "\xff\xff\xff"), kOptions),
              StatusIs(StatusCode::kInternal, "x"));
  EXPECT_OK(FromGrpc(grpc::Status::OK, kOptions));
}

TEST(Fill, RequestsCarryEveryPairAndNothingOfTheRequestBefore) {
  ASSERT_OK_AND_ASSIGN(
      const Block block,
      ParseBlockLine(
          R"({"version":3,"changesets":[{"name":"m","pairs":[{"key":"00","value":"01"},{"key":"02","delete":true}]}]})"));
  v1::CommitBlockRequest request;
  Fill(block, &request);
  Fill(block, &request);
  EXPECT_EQ(request.version(), 3);
  ASSERT_EQ(request.changesets_size(), 1);
  EXPECT_EQ(request.changesets(0).name(), "m");
  const auto& pairs = request.changesets(0).changeset().pairs();
  ASSERT_EQ(pairs.size(), 2);
  EXPECT_EQ(pairs[0].key(), std::string(1, '\0'));
  EXPECT_EQ(pairs[0].value(), "\x01");
  EXPECT_FALSE(pairs[0].delete_());
  EXPECT_TRUE(pairs[1].delete_());
}

StatusOr<Block> BlockOf(const std::string& change_sets) {
  return ParseBlockLine(R"({"version":3,"changesets":[)" + change_sets + "]}");
}

TEST(Fill, ARequestThatIsUsedAgainKeepsItsPairsAndNothingOfWhatTheySaid) {
  ASSERT_OK_AND_ASSIGN(
      const Block large,
      BlockOf(
          R"({"name":"m","pairs":[{"key":"00","delete":true},{"key":"02","value":"03"}]},{"name":"n","pairs":[{"key":"05","value":"06"}]})"));
  ASSERT_OK_AND_ASSIGN(const Block small,
                       BlockOf(R"({"name":"o","pairs":[{"key":"04","value":"01"}]})"));
  v1::CommitBlockRequest request;
  Fill(large, &request);
  const v1::KVPair* const first = &request.changesets(0).changeset().pairs(0);
  Fill(small, &request);
  EXPECT_EQ(&request.changesets(0).changeset().pairs(0), first);

  v1::CommitBlockRequest fresh;
  Fill(small, &fresh);
  EXPECT_EQ(request.SerializeAsString(), fresh.SerializeAsString());
  Fill(large, &request);
  Fill(large, &fresh);
  EXPECT_EQ(request.SerializeAsString(), fresh.SerializeAsString());
}

TEST(ToInfo, FindsTheDataDbsByNameAndRefusesUnknownOnes) {
  v1::InfoResponse response;
  response.set_suite("blake3");
  response.set_root(std::string(32, 'r'));
  response.set_version(9);
  v1::Backlog* backlog = response.mutable_backlog();
  backlog->set_versions(1);
  backlog->set_overlay_bytes(2);
  backlog->set_level0_tables(3);
  backlog->set_compaction_debt_bytes(4);
  v1::DataDbInfo* db = response.add_data_dbs();
  db->set_name("storage");
  db->set_rows(5);
  db->set_checksum(std::string(32, 'c'));
  ASSERT_OK_AND_ASSIGN(const StoreInfo info, ToInfo(response));
  EXPECT_EQ(info.suite, Suite::kBlake3);
  EXPECT_EQ(info.version, 9);
  EXPECT_EQ(info.dbs[IndexOf(DataDb::kStorage)].rows, 5u);
  EXPECT_EQ(info.dbs[IndexOf(DataDb::kAccount)].rows, 0u);
  EXPECT_EQ(info.disk_free_bytes, std::nullopt);
  EXPECT_EQ(info.backlog.versions, 1u);
  EXPECT_EQ(info.backlog.overlay_bytes, 2u);
  EXPECT_EQ(info.backlog.level0_tables, 3u);
  EXPECT_EQ(info.backlog.compaction_debt_bytes, 4u);
  response.set_disk_free_bytes(0);
  ASSERT_OK_AND_ASSIGN(const StoreInfo full, ToInfo(response));
  EXPECT_EQ(full.disk_free_bytes, 0u);
  db->set_name("index");
  EXPECT_THAT(ToInfo(response), StatusIs(StatusCode::kInternal, HasSubstr("'index'")));
  response.clear_data_dbs();
  response.set_suite("md5");
  EXPECT_THAT(ToInfo(response), StatusIs(StatusCode::kInternal, HasSubstr("'md5'")));
}

TEST(ToDigest, RefusesAnotherLength) {
  EXPECT_THAT(ToDigest(std::string(31, 'x')),
              StatusIs(StatusCode::kInternal, HasSubstr("31 bytes")));
}

}  // namespace
}  // namespace flatkv::cli
