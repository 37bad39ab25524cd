// CommitStream and Iterate: order, errors in the middle, clients that go away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/server_fixture.h"
#include "tests/support/random_blocks.h"

namespace flatkv::test {
namespace {

class ServerStreamTest : public ::testing::Test {
 protected:
  struct StreamResult {
    std::vector<v1::CommitResponse> answers;
    grpc::Status status;
  };

  // Sends everything while another thread reads the answers.
  static StreamResult Stream(const TestServer& server,
                             const std::vector<v1::CommitBlockRequest>& requests) {
    grpc::ClientContext context;
    const auto stream = server.commits->CommitStream(&context);
    StreamResult result;
    std::thread reader([&stream, &result] {
      v1::CommitResponse answer;
      while (stream->Read(&answer)) {
        result.answers.push_back(answer);
      }
    });
    for (const v1::CommitBlockRequest& request : requests) {
      if (!stream->Write(request)) {
        break;
      }
    }
    stream->WritesDone();
    reader.join();
    result.status = stream->Finish();
    return result;
  }

  static v1::CommitBlockRequest Block(Version version, size_t value_bytes = 1) {
    OwnedBlock block(version);
    block.Set("bank", "key" + std::to_string(version), std::string(value_bytes, 'v'));
    return ToRequest(block);
  }

  struct Walk {
    std::vector<std::string> keys;
    std::vector<Version> versions;  // of each chunk
    grpc::Status status;
  };
  static Walk Iterate(const TestServer& server, const v1::IterateRequest& request) {
    grpc::ClientContext context;
    const auto reader = server.queries->Iterate(&context, request);
    Walk walk;
    v1::IterateResponse chunk;
    while (reader->Read(&chunk)) {
      walk.versions.push_back(chunk.version());
      for (const v1::IterateResponse::Pair& pair : chunk.pairs()) {
        walk.keys.push_back(pair.key());
      }
    }
    walk.status = reader->Finish();
    return walk;
  }

  TempDir dir_;
  std::string address_ = "unix:" + dir_.File("socket");
  MemoryStore memory_;
  GatedStore store_{memory_.store()};
  TestServer server_{store_, {address_}};
};

TEST_F(ServerStreamTest, FiveHundredPipelinedBlocksGiveTheRootsOfUnaryCommits) {
  constexpr uint64_t kSeed = 11;
  SCOPED_TRACE(kSeed);
  RandomBlocks blocks(kSeed);
  std::vector<v1::CommitBlockRequest> requests;
  for (Version version = 1; version <= 500; ++version) {
    requests.push_back(ToRequest(blocks.Next(version, 8)));
  }
  const StreamResult streamed = Stream(server_, requests);
  ASSERT_TRUE(streamed.status.ok()) << streamed.status.error_message();
  ASSERT_EQ(streamed.answers.size(), requests.size());

  MemoryStore other;
  const TestServer unary(other.store(), {"unix:" + dir_.File("other")});
  for (size_t i = 0; i < requests.size(); ++i) {
    v1::CommitResponse response;
    ASSERT_TRUE(unary.Commit(requests[i], &response).ok());
    EXPECT_EQ(streamed.answers[i].version(), requests[i].version());
    ASSERT_EQ(streamed.answers[i].root(), response.root()) << "version " << response.version();
  }
}

TEST_F(ServerStreamTest, TheFirstFailingRequestEndsTheStreamAfterTheAnswersBeforeIt) {
  const StreamResult result = Stream(server_, {Block(1), Block(2), Block(7), Block(3)});
  EXPECT_EQ(result.answers.size(), 2U);
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(DetailOf(result.status).reason(), v1::VERSION_GAP);
  EXPECT_EQ(DetailOf(result.status).expected_version(), 3);
  EXPECT_EQ(server_.Info().version(), 2) << "nothing after the failed request is committed";
}

TEST_F(ServerStreamTest, AnUnreadableRequestEndsTheStreamWithAnErrorAndNotAsIfItWereItsEnd) {
  const RawAnswer answer =
      RawCall(server_.channel, "/flatkv.v1.CommitService/CommitStream",
              {Block(1).SerializeAsString(), "\xff\xff\xff", Block(2).SerializeAsString()});
  EXPECT_EQ(answer.messages.size(), 1U);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(server_.Info().version(), 1);
}

TEST_F(ServerStreamTest, RequestsThatWaitAreCommittedTogetherAndAnsweredInOrder) {
  grpc::ClientContext context;
  const auto stream = server_.commits->CommitStream(&context);
  v1::CommitResponse answer;
  Version sent = 0;
  size_t largest = 0;
  // When the server has read what was sent it does not say: until it once had read several.
  while (largest < 2) {
    store_.CloseGate();
    const Version first = sent + 1;
    ASSERT_TRUE(stream->Write(Block(++sent)));
    store_.WaitForCommits(static_cast<size_t>(sent));
    for (int i = 0; i < 19; ++i) {
      ASSERT_TRUE(stream->Write(Block(++sent)));
    }
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(server_.Info().version(), first - 1);
    }
    store_.OpenGate();
    for (Version version = first; version <= sent; ++version) {
      ASSERT_TRUE(stream->Read(&answer));
      ASSERT_EQ(answer.version(), version);
    }
    for (const size_t blocks : store_.groups()) {
      largest = std::max(largest, blocks);
    }
  }
  ASSERT_TRUE(stream->WritesDone());
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(server_.Info().version(), sent);
}

TEST_F(ServerStreamTest, ALoneRequestIsCommittedAtOnce) {
  grpc::ClientContext context;
  const auto stream = server_.commits->CommitStream(&context);
  v1::CommitResponse answer;
  for (Version version = 1; version <= 3; ++version) {
    ASSERT_TRUE(stream->Write(Block(version)));
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.version(), version);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(store_.groups(), (std::vector<size_t>{1, 1, 1}));
}

TEST_F(ServerStreamTest, ARefusalAmongWaitingRequestsEndsTheStreamThereHoweverTheyWereGrouped) {
  v1::CommitBlockRequest invalid = Block(4);
  invalid.mutable_changesets(0)->set_name("a/b");
  v1::CommitBlockRequest other = Block(3);
  other.mutable_changesets(0)->mutable_changeset()->mutable_pairs(0)->set_value("other");
  struct Case {
    std::vector<v1::CommitBlockRequest> requests;  // behind versions 1 and 2
    size_t answers;
    grpc::StatusCode code;
    v1::ErrorReason reason;
    Version head;
  };
  const std::vector<Case> cases = {
      {{Block(3), invalid, Block(4)},
       3,
       grpc::StatusCode::INVALID_ARGUMENT,
       v1::INVALID_CHANGE_SET,
       3},
      {{Block(3), Block(5), Block(4)},
       3,
       grpc::StatusCode::FAILED_PRECONDITION,
       v1::VERSION_GAP,
       3},
      {{Block(3), Block(3), Block(2), Block(4)}, 6, grpc::StatusCode::OK, v1::ErrorReason(), 4},
      {{Block(3), other, Block(4)}, 3, grpc::StatusCode::ALREADY_EXISTS, v1::VERSION_CONFLICT, 3},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const Case& c = cases[i];
    MemoryStore memory;
    GatedStore store(memory.store());
    const TestServer server(store, {"unix:" + dir_.File("case" + std::to_string(i))});
    store.CloseGate();
    std::thread opener([&] {
      store.WaitForCommits(1);
      for (int calls = 0; calls < 20; ++calls) {
        EXPECT_EQ(server.Info().version(), 0);
      }
      store.OpenGate();
    });
    std::vector<v1::CommitBlockRequest> requests = {Block(1), Block(2)};
    requests.insert(requests.end(), c.requests.begin(), c.requests.end());
    const StreamResult result = Stream(server, requests);
    opener.join();
    EXPECT_EQ(result.answers.size(), c.answers);
    EXPECT_EQ(result.status.error_code(), c.code) << result.status.error_message();
    if (c.code != grpc::StatusCode::OK) {
      EXPECT_EQ(DetailOf(result.status).reason(), c.reason);
    }
    EXPECT_EQ(server.Info().version(), c.head);
  }
}

TEST_F(ServerStreamTest, AFailedSyncAnswersNoneOfTheRequestsThatItWasToCover) {
  v1::CommitResponse response;
  ASSERT_TRUE(server_.Commit(Block(1), &response).ok());
  FaultRule rule;
  rule.op = FsOp::kSync;
  rule.path_contains = "/changelog/";
  memory_.faults().AddRule(rule);
  const StreamResult result = Stream(server_, {Block(2), Block(3), Block(4), Block(5)});
  EXPECT_TRUE(result.answers.empty());
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailOf(result.status).reason(), v1::POISONED);
  EXPECT_EQ(server_.Info().version(), 1);
  EXPECT_TRUE(server_.Info().poisoned());
}

TEST_F(ServerStreamTest, AStreamWithoutRequestsEndsWithOk) {
  const StreamResult result = Stream(server_, {});
  EXPECT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_TRUE(result.answers.empty());
}

TEST_F(ServerStreamTest, AHalfCloseDuringACommitWaitsForItsAnswer) {
  store_.CloseGate();
  grpc::ClientContext context;
  const auto stream = server_.commits->CommitStream(&context);
  ASSERT_TRUE(stream->Write(Block(1)));
  store_.WaitForCommits(1);
  ASSERT_TRUE(stream->WritesDone());
  // Calls on the same connection reach the server behind the half-close.
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(server_.Info().version(), 0);
  }
  store_.OpenGate();
  v1::CommitResponse answer;
  EXPECT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.version(), 1);
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ServerStreamTest, ACancelledStreamLeavesTheServerUsable) {
  store_.CloseGate();
  {
    grpc::ClientContext context;
    const auto stream = server_.commits->CommitStream(&context);
    for (Version version = 1; version <= 3; ++version) {
      ASSERT_TRUE(stream->Write(Block(version)));
    }
    store_.WaitForCommits(1);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  store_.OpenGate();
  // Whether versions 2 and 3 were begun is the race that a cancelled client always has; it asks and
  // goes on.
  v1::CommitResponse response;
  for (Version version = 1; version <= 3; ++version) {
    ASSERT_TRUE(server_.Commit(Block(version), &response).ok());
  }
  EXPECT_EQ(server_.Info().version(), 3);
  server_.server->Drain(std::chrono::hours(1));
  EXPECT_FALSE(server_.log.Has("server.drain_timeout"));
}

TEST_F(ServerStreamTest, TwoStreamsAreServedTogether) {
  grpc::ClientContext idle_context;
  const auto idle = server_.commits->CommitStream(&idle_context);
  v1::CommitResponse answer;
  ASSERT_TRUE(idle->Write(Block(1)));
  ASSERT_TRUE(idle->Read(&answer));
  const StreamResult result = Stream(server_, {Block(2), Block(3)});
  EXPECT_TRUE(result.status.ok());
  ASSERT_TRUE(idle->Write(Block(4)));
  ASSERT_TRUE(idle->Read(&answer));
  EXPECT_EQ(answer.version(), 4);
  idle->WritesDone();
  EXPECT_TRUE(idle->Finish().ok());
}

TEST_F(ServerStreamTest, IterateWalksTheModuleInChunksOfOneVersion) {
  std::vector<std::string> keys;
  for (Version version = 1; version <= 9; ++version) {
    v1::CommitResponse response;
    ASSERT_TRUE(server_.Commit(Block(version, 100'000), &response).ok());
    keys.push_back("key" + std::to_string(version));
  }
  v1::IterateRequest request;
  request.set_module("bank");
  const Walk all = Iterate(server_, request);
  EXPECT_TRUE(all.status.ok());
  EXPECT_EQ(all.keys, keys);
  EXPECT_EQ(all.versions, std::vector<Version>(3, 9)) << "three values fill a chunk";

  request.set_start("key3");
  request.set_end("key6");
  EXPECT_EQ(Iterate(server_, request).keys, (std::vector<std::string>{"key3", "key4", "key5"}));
  request.set_reverse(true);
  request.set_limit(2);
  EXPECT_EQ(Iterate(server_, request).keys, (std::vector<std::string>{"key5", "key4"}));
}

TEST_F(ServerStreamTest, AnEmptyModuleStillNamesTheVersion) {
  v1::CommitResponse response;
  ASSERT_TRUE(server_.Commit(Block(1), &response).ok());
  v1::IterateRequest request;
  request.set_module("absent");
  const Walk walk = Iterate(server_, request);
  EXPECT_TRUE(walk.status.ok());
  EXPECT_TRUE(walk.keys.empty());
  EXPECT_EQ(walk.versions, std::vector<Version>{1});
}

TEST_F(ServerStreamTest, AnInvalidModuleIsRefused) {
  v1::IterateRequest request;
  request.set_module("a/b");
  EXPECT_EQ(Iterate(server_, request).status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServerStreamTest, AnAbandonedIterationLetsGoOfItsIterator) {
  for (Version version = 1; version <= 30; ++version) {
    v1::CommitResponse response;
    ASSERT_TRUE(server_.Commit(Block(version, 500'000), &response).ok());
  }
  {
    v1::IterateRequest request;
    request.set_module("bank");
    grpc::ClientContext context;
    const auto reader = server_.queries->Iterate(&context, request);
    v1::IterateResponse chunk;
    ASSERT_TRUE(reader->Read(&chunk));
    context.TryCancel();
    while (reader->Read(&chunk)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  store_.WaitForNoIterator();
  EXPECT_TRUE(server_.Info().version() == 30);
}

}  // namespace
}  // namespace flatkv::test
