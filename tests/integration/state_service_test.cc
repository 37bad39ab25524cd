// StateService: what it answers, what it refuses, on both listeners; a call ends when its client or
// the server does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/store/state_reader.h"
#include "tests/integration/fake_store.h"
#include "tests/integration/server_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kStorage = 2;
constexpr int kSlots = 40;

std::string StorageKey(int n) {
  return "\x03" + std::string(20, 'a') + std::string(31, 's') + static_cast<char>(n);
}

class StateServiceTest : public ::testing::Test {
 protected:
  StateServiceTest() {
    for (Version version = 1; version <= 3; ++version) {
      OwnedBlock block(version);
      for (int n = 0; n < kSlots; ++n) {
        block.Set("evm", StorageKey(n), std::string(32, static_cast<char>(version)));
      }
      block.Set("bank", "k", "same");
      EXPECT_TRUE(memory_.store().CommitBlock(version, block.changes()).ok());
    }
  }

  v1::RangeDigestsRequest StorageRange() {
    v1::RangeDigestsRequest request;
    request.set_version(3);
    request.mutable_range()->set_db(kStorage);
    return request;
  }
  grpc::Status Digests(const v1::RangeDigestsRequest& request, v1::RangeDigestsResponse* response) {
    grpc::ClientContext context;
    return stub_->RangeDigests(&context, request, response);
  }
  template <typename Stream, typename Response>
  static std::vector<Response> ReadAll(Stream& stream, Response, grpc::Status* status) {
    std::vector<Response> all;
    Response response;
    while (stream.Read(&response)) {
      all.push_back(response);
    }
    *status = stream.Finish();
    return all;
  }

  TempDir dir_;
  MemoryStore memory_;
  TestServer server_{memory_.store(), TestServer::Options({"unix:" + dir_.File("node")},
                                                          "unix:" + dir_.File("admin"))};
  std::unique_ptr<v1::StateService::Stub> stub_ = v1::StateService::NewStub(server_.channel);
};

TEST_F(StateServiceTest, IsServedToNodesAndToAdministrators) {
  for (const auto& channel : {server_.channel, server_.admin_channel}) {
    const auto stub = v1::StateService::NewStub(channel);
    grpc::ClientContext context;
    v1::RangesResponse ranges;
    ASSERT_TRUE(stub->Ranges(&context, {}, &ranges).ok());
    EXPECT_EQ(ranges.oldest_retained(), 1);
    EXPECT_EQ(ranges.head(), 3);
    EXPECT_EQ(ranges.hash_log_first(), 1);
    EXPECT_EQ(ranges.hash_log_last(), 3);
    EXPECT_EQ(ranges.suite(), SuiteName(memory_.store().Info().suite));
  }
  EXPECT_EQ(server_.Health("flatkv.v1.StateService"), "SERVING");
}

TEST_F(StateServiceTest, PiecesAreTheSameWhoeverChoosesTheKeys) {
  v1::RangeDigestsRequest request = StorageRange();
  request.set_rows_each(7);
  request.set_with_hashes(true);
  v1::RangeDigestsResponse split;
  ASSERT_TRUE(Digests(request, &split).ok());
  ASSERT_EQ(split.pieces_size(), 6);
  EXPECT_EQ(split.pieces(0).rows(), 7u);
  EXPECT_EQ(split.pieces(5).rows(), 5u);
  EXPECT_EQ(split.pieces(1).hash().size(), 2048u);
  EXPECT_EQ(split.pieces(1).first(), "evm/" + StorageKey(7));
  request.set_rows_each(0);
  request.set_with_hashes(false);
  for (int i = 1; i < split.pieces_size(); ++i) {
    request.add_keys(split.pieces(i).first());
  }
  v1::RangeDigestsResponse followed;
  ASSERT_TRUE(Digests(request, &followed).ok());
  ASSERT_EQ(followed.pieces_size(), 6);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(followed.pieces(i).checksum(), split.pieces(i).checksum()) << i;
    EXPECT_EQ(followed.pieces(i).hash(), "");
  }
}

TEST_F(StateServiceTest, RowsAndValuesOfASmallRange) {
  v1::RangeRowsRequest request;
  request.set_version(2);
  request.mutable_range()->set_db(kStorage);
  request.mutable_range()->set_first("evm/" + StorageKey(38));
  v1::RangeRowsResponse response;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub_->RangeRows(&context, request, &response).ok());
  }
  ASSERT_THAT(response.rows(), SizeIs(2));
  EXPECT_EQ(response.rows(0).key(), "evm/" + StorageKey(38));
  request.add_keys("evm/" + StorageKey(39));
  request.add_keys("evm/none");
  request.set_value_bytes_max(10);
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->RangeRows(&context, request, &response).ok());
  ASSERT_THAT(response.values(), SizeIs(2));
  EXPECT_EQ(response.values(0).size_bytes(), 41u);
  EXPECT_EQ(response.values(0).begin().size(), 10u);
  EXPECT_EQ(response.values(0).begin().back(), '\2');
  EXPECT_FALSE(response.values(1).found());
}

TEST_F(StateServiceTest, TheHashLogIsStreamed) {
  v1::HashLogRequest request;
  request.set_first(1);
  request.set_last(3);
  for (const bool roots_only : {false, true}) {
    request.set_roots_only(roots_only);
    grpc::ClientContext context;
    grpc::Status status;
    const auto chunks = ReadAll(*stub_->HashLog(&context, request), v1::HashLogResponse(), &status);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_THAT(chunks, SizeIs(1));
    ASSERT_THAT(chunks[0].entries(), SizeIs(3));
    EXPECT_EQ(chunks[0].entries(2).root(), AsBytes(memory_.store().CommittedRoot().root));
    EXPECT_EQ(chunks[0].entries(2).has_sums(), !roots_only);
  }
  request.set_last(4);
  grpc::ClientContext context;
  grpc::Status status;
  ReadAll(*stub_->HashLog(&context, request), v1::HashLogResponse(), &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(DetailOf(status).reason(), v1::VERSION_ABOVE_HEAD);
}

TEST_F(StateServiceTest, ADiffEndsAtItsLimitAndSaysSo) {
  v1::DiffRequest request;
  request.set_from(1);
  request.set_to(3);
  for (const uint64_t limit : {uint64_t{0}, uint64_t{5}, uint64_t{kSlots}}) {
    request.set_limit(limit);
    request.set_with_values(limit == 0);
    grpc::ClientContext context;
    grpc::Status status;
    const auto chunks = ReadAll(*stub_->Diff(&context, request), v1::DiffResponse(), &status);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_THAT(chunks, SizeIs(1));
    EXPECT_TRUE(chunks[0].done());
    EXPECT_EQ(chunks[0].limit_reached(), limit == 5);
    ASSERT_THAT(chunks[0].changes(), SizeIs(limit == 5 ? 5 : kSlots));
    EXPECT_EQ(chunks[0].changes(0).key(), StorageKey(0));
    EXPECT_EQ(chunks[0].changes(0).after(), limit == 0 ? std::string(32, '\3') : "");
    EXPECT_TRUE(chunks[0].changes(0).had_value());
  }
}

TEST_F(StateServiceTest, RefusesWhatMakesNoSense) {
  const auto expect_invalid = [&](const v1::RangeDigestsRequest& request, const char* message) {
    v1::RangeDigestsResponse response;
    const grpc::Status status = Digests(request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr(message));
  };
  v1::RangeDigestsRequest request = StorageRange();
  request.set_version(0);
  expect_invalid(request, "version: 0");
  request = StorageRange();
  request.mutable_range()->set_db(4);
  expect_invalid(request, "no data DB");
  request = StorageRange();
  request.set_rows_each(3);
  request.add_keys("evm/x");
  expect_invalid(request, "give one");
  request = StorageRange();
  request.set_kind(v1::SHA_256);
  request.set_with_hashes(true);
  expect_invalid(request, "LT_HASH");
  request = StorageRange();
  request.set_kind(static_cast<v1::DigestKind>(7));
  expect_invalid(request, "no kind");
  v1::StateSizeRequest size;
  size.set_top_contracts(10'001);
  grpc::ClientContext context;
  v1::StateSizeResponse sizes;
  const grpc::Status status = stub_->StateSize(&context, size, &sizes);
  EXPECT_EQ(DetailOf(status).reason(), v1::LIMIT_EXCEEDED);
}

// Walks until it is told to stop.
class EndlessReader final : public StateReader {
 public:
  StatusOr<VersionRanges> Ranges() override { return VersionRanges(); }
  StatusOr<std::unique_ptr<CompareSide>> SideAt(Version, const GoOn& go_on) override {
    gate.Pass();
    while (go_on()) {
      std::this_thread::yield();
    }
    return Cancelled("stopped");
  }
  Status ReadHashLog(Version, Version,
                     const std::function<Status(const VersionSums&)>& use) override {
    gate.Pass();
    while (true) {
      RETURN_IF_ERROR(use(VersionSums()));
    }
  }
  StatusOr<DiffMethod> Diff(const DiffOptions&, const OnKeyChange&, const GoOn& go_on) override {
    gate.Pass();
    while (go_on()) {
      std::this_thread::yield();
    }
    return Cancelled("stopped");
  }
  StatusOr<StateSizes> Sizes(const SizeOptions&, const GoOn&) override { return StateSizes(); }

  TestGate gate;
};

class StateServiceEndTest : public ::testing::Test {
 protected:
  StateServiceEndTest() { store_.reader = &reader_; }
  void RunState(grpc::ClientContext* context, grpc::Status* status) {
    v1::StateRequest request;
    request.set_version(1);
    v1::StateResponse response;
    *status = stub_->State(context, request, &response);
  }

  TempDir dir_;
  EndlessReader reader_;
  FakeStore store_;
  TestServer server_{store_, {"unix:" + dir_.File("socket")}};
  std::unique_ptr<v1::StateService::Stub> stub_ = v1::StateService::NewStub(server_.channel);
};

TEST_F(StateServiceEndTest, ACallEndsWhenItsClientGivesUp) {
  // More often than there are threads, so that none may be left behind.
  for (size_t i = 1; i <= 5; ++i) {
    grpc::ClientContext context;
    grpc::Status status;
    std::thread caller([&] { RunState(&context, &status); });
    reader_.gate.WaitUntilReached(2 * i - 1);
    context.TryCancel();
    caller.join();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);

    grpc::ClientContext stream_context;
    v1::DiffRequest request;
    request.set_from(1);
    request.set_to(2);
    const auto stream = stub_->Diff(&stream_context, request);
    reader_.gate.WaitUntilReached(2 * i);
    stream_context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
}

TEST_F(StateServiceEndTest, ADrainEndsWhatRuns) {
  grpc::ClientContext context;
  grpc::Status status;
  std::thread caller([&] { RunState(&context, &status); });
  grpc::ClientContext stream_context;
  v1::HashLogRequest request;
  request.set_first(1);
  request.set_last(2);
  // Nobody reads it: the stream waits for its client.
  const auto stream = stub_->HashLog(&stream_context, request);
  reader_.gate.WaitUntilReached(2);
  server_.server->Drain(std::chrono::milliseconds(0));
  caller.join();
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace flatkv::test
