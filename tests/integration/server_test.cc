// Unary calls of both services, over a Unix socket and over TCP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "flatkv/base/hex.h"
#include "tests/integration/server_fixture.h"
#include "tests/support/model_store.h"
#include "tests/support/random_blocks.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

class ServerTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string Address() const {
    return std::string(GetParam()) == "tcp" ? "127.0.0.1:0" : "unix:" + dir_.File("socket");
  }

  // One pair in module "bank", committed as `version`.
  static v1::CommitBlockRequest Block(Version version, const std::string& value) {
    OwnedBlock block(version);
    block.Set("bank", "key", value);
    return ToRequest(block);
  }

  TempDir dir_;
  MemoryStore store_;
  TestServer server_{store_.store(), {Address()}};
};
INSTANTIATE_TEST_SUITE_P(Transport, ServerTest, ::testing::Values("unix", "tcp"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(ServerTest, AnswersWithTheReferenceRootOfEveryVersion) {
  const std::map<Version, GoldenRoots> roots = LoadRoots("scenario.sha256.roots");
  for (const OwnedBlock& block : LoadBlocks("scenario.jsonl")) {
    v1::CommitResponse response;
    const grpc::Status status = server_.Commit(ToRequest(block), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.version(), block.version());
    EXPECT_EQ(HexEncode(response.root()), roots.at(block.version()).root);
    EXPECT_FALSE(response.already_committed());
  }
  const v1::InfoResponse info = server_.Info();
  EXPECT_EQ(info.version(), static_cast<Version>(roots.size()));
  EXPECT_EQ(HexEncode(info.root()), roots.rbegin()->second.root);
  ASSERT_EQ(info.data_dbs_size(), static_cast<int>(kDataDbs));
  EXPECT_EQ(HexEncode(info.data_dbs(0).checksum()), roots.rbegin()->second.db_checksums[0]);
  EXPECT_EQ(info.suite(), "sha256");
  EXPECT_EQ(info.wal_sync(), "always");
  EXPECT_EQ(info.build(), "test");
  EXPECT_EQ(info.max_message_bytes(), kTestMessageBytesMax);
  EXPECT_EQ(info.max_key_bytes(), ChangeSetLimits().key_bytes_max);
  EXPECT_TRUE(info.has_disk_free_bytes());
}

TEST_P(ServerTest, RepeatingACommitGivesTheSameAnswer) {
  v1::CommitResponse first;
  v1::CommitResponse again;
  ASSERT_TRUE(server_.Commit(Block(1, "a"), &first).ok());
  ASSERT_TRUE(server_.Commit(Block(1, "a"), &again).ok());
  EXPECT_EQ(again.root(), first.root());
  EXPECT_TRUE(again.already_committed());
  EXPECT_EQ(server_.Info().version(), 1);
}

TEST_P(ServerTest, OtherContentForACommittedVersionIsAConflict) {
  v1::CommitResponse response;
  ASSERT_TRUE(server_.Commit(Block(1, "a"), &response).ok());
  const grpc::Status status = server_.Commit(Block(1, "b"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(DetailOf(status).reason(), v1::VERSION_CONFLICT);
  EXPECT_EQ(server_.Health(""), "SERVING") << "a refused request is not a failure of the store";
}

TEST_P(ServerTest, AGapCarriesTheVersionToSendNext) {
  v1::CommitResponse response;
  ASSERT_TRUE(server_.Commit(Block(1, "a"), &response).ok());
  const grpc::Status status = server_.Commit(Block(3, "b"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(DetailOf(status).reason(), v1::VERSION_GAP);
  EXPECT_EQ(DetailOf(status).expected_version(), 2);
}

TEST_P(ServerTest, AppliedChangesBecomeTheCommittedVersion) {
  v1::ApplyChangeSetsRequest changes;
  changes.set_version(1);
  *changes.mutable_changesets() = Block(1, "a").changesets();
  v1::ApplyChangeSetsResponse applied;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(server_.commits->ApplyChangeSets(&context, changes, &applied).ok());
  }
  EXPECT_EQ(server_.Info().pending_version(), 1);
  EXPECT_EQ(server_.Info().version(), 0);
  v1::CommitRequest request;
  request.set_version(1);
  v1::CommitResponse committed;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.commits->Commit(&context, request, &committed).ok());
  EXPECT_EQ(committed.root(), applied.working_root());
  EXPECT_EQ(server_.Info().pending_version(), 0);
  EXPECT_EQ(server_.Info().root(), committed.root());
}

TEST_P(ServerTest, DiscardedChangesLeaveTheNextVersionFree) {
  v1::ApplyChangeSetsRequest apply;
  apply.set_version(1);
  *apply.mutable_changesets() = Block(1, "given up").changesets();
  v1::ApplyChangeSetsResponse applied;
  grpc::ClientContext apply_context;
  ASSERT_TRUE(server_.commits->ApplyChangeSets(&apply_context, apply, &applied).ok());
  EXPECT_EQ(server_.Info().pending_version(), 1);
  v1::DiscardPendingResponse discarded;
  grpc::ClientContext discard_context;
  ASSERT_TRUE(server_.commits->DiscardPending(&discard_context, {}, &discarded).ok());
  EXPECT_EQ(discarded.version(), 0);
  EXPECT_EQ(server_.Info().pending_version(), 0);
  v1::CommitResponse response;
  EXPECT_TRUE(server_.Commit(Block(1, "kept"), &response).ok());
  v1::GetResponse value;
  ASSERT_TRUE(server_.Get("bank", "key", &value).ok());
  EXPECT_EQ(value.value(), "kept");
}

TEST_P(ServerTest, AnInvalidChangeSetIsRefusedAndNothingChanges) {
  OwnedBlock block(1);
  block.Set("bank", "key", "value");
  block.Set("a/b", "key", "value");
  v1::CommitResponse response;
  const grpc::Status status = server_.Commit(ToRequest(block), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailOf(status).reason(), v1::INVALID_CHANGE_SET);
  EXPECT_EQ(server_.Info().version(), 0);
}

TEST_P(ServerTest, AnOversizedMessageIsRefusedAndTheConnectionStaysUsable) {
  v1::CommitResponse response;
  const grpc::Status status =
      server_.Commit(Block(1, std::string(kTestMessageBytesMax, 'x')), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(server_.Commit(Block(1, "a"), &response).ok());
}

TEST_P(ServerTest, AnOversizedKeyIsRefusedWithAShortMessage) {
  OwnedBlock block(1);
  block.Set("bank", std::string(100'000, '\xff'), "value");
  v1::CommitResponse response;
  const grpc::Status status = server_.Commit(ToRequest(block), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailOf(status).reason(), v1::LIMIT_EXCEEDED);
}

TEST_P(ServerTest, AnUnreadableRequestIsAnInvalidArgument) {
  const RawAnswer answer =
      RawCall(server_.channel, "/flatkv.v1.CommitService/CommitBlock", {"\xff\xff\xff"});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("flatkv.v1.CommitBlockRequest"));
}

TEST_P(ServerTest, ReadsGiveWhatTheModelHolds) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(kSeed);
  RandomBlocks blocks(kSeed);
  ModelStore model(Suite::kSha256);
  for (Version version = 1; version <= 20; ++version) {
    const OwnedBlock block = blocks.Next(version, 40);
    model.Commit(block);
    v1::CommitResponse response;
    ASSERT_TRUE(server_.Commit(ToRequest(block), &response).ok());
    EXPECT_EQ(HexEncode(response.root()), HexEncode(AsBytes(model.Root())));
  }
  v1::BatchGetRequest request;
  for (const auto& [key, value] : model.Pairs("evm")) {
    v1::BatchGetRequest::Key* asked = request.add_keys();
    asked->set_module("evm");
    asked->set_key(key);
    v1::GetResponse one;
    ASSERT_TRUE(server_.Get("evm", key, &one).ok());
    EXPECT_TRUE(one.found());
    EXPECT_EQ(one.value(), value);
    EXPECT_EQ(one.version(), 20);
  }
  request.add_keys()->set_module("absent");
  request.mutable_keys()->rbegin()->set_key("key");
  v1::BatchGetResponse answer;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.queries->BatchGet(&context, request, &answer).ok());
  ASSERT_EQ(answer.values_size(), request.keys_size());
  ASSERT_GT(answer.values_size(), 10);
  for (int i = 0; i + 1 < answer.values_size(); ++i) {
    EXPECT_EQ(answer.values(i).value(), model.Get("evm", request.keys(i).key()));
  }
  EXPECT_FALSE(answer.values(answer.values_size() - 1).found());
  EXPECT_EQ(answer.version(), 20);
}

TEST_P(ServerTest, ABatchOfTooManyKeysIsRefused) {
  v1::BatchGetRequest request;
  for (int i = 0; i <= 100'000; ++i) {
    request.add_keys()->set_module("m");
  }
  v1::BatchGetResponse answer;
  grpc::ClientContext context;
  const grpc::Status status = server_.queries->BatchGet(&context, request, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailOf(status).reason(), v1::LIMIT_EXCEEDED);
}

TEST_P(ServerTest, RootsOfEveryCommittedVersionCanBeAsked) {
  v1::CommitResponse first;
  v1::CommitResponse second;
  ASSERT_TRUE(server_.Commit(Block(1, "a"), &first).ok());
  ASSERT_TRUE(server_.Commit(Block(2, "b"), &second).ok());
  const auto root_at = [this](Version version, v1::RootResponse* response) {
    grpc::ClientContext context;
    v1::RootRequest request;
    request.set_version(version);
    return server_.queries->Root(&context, request, response);
  };
  v1::RootResponse response;
  ASSERT_TRUE(root_at(0, &response).ok());
  EXPECT_EQ(response.version(), 2);
  EXPECT_EQ(response.root(), second.root());
  ASSERT_TRUE(root_at(1, &response).ok());
  EXPECT_EQ(response.version(), 1);
  EXPECT_EQ(response.root(), first.root());
  const grpc::Status above = root_at(3, &response);
  EXPECT_EQ(above.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(DetailOf(above).reason(), v1::VERSION_ABOVE_HEAD);
}

TEST_P(ServerTest, ServicesAreServingAndReflectionListsThem) {
  for (const char* service : {"", "flatkv.v1.CommitService", "flatkv.v1.QueryService"}) {
    EXPECT_EQ(server_.Health(service), "SERVING") << service;
  }
  // ServerReflectionRequest {string list_services = 7}.
  const RawAnswer answer =
      RawCall(server_.channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              {std::string("\x3a\x00", 2)});
  ASSERT_EQ(answer.messages.size(), 1U) << answer.status.error_message();
  EXPECT_THAT(answer.messages[0], HasSubstr("flatkv.v1.CommitService"));
  EXPECT_THAT(answer.messages[0], HasSubstr("flatkv.v1.QueryService"));
  EXPECT_THAT(answer.messages[0], HasSubstr("grpc.health.v1.Health"));
}

}  // namespace
}  // namespace flatkv::test
