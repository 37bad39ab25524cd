// Reads at a version: which go to a view, what they hold, and that they do not hold up the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>

#include "tests/integration/fake_store.h"
#include "tests/integration/server_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class QueryViewTest : public ::testing::Test {
 protected:
  QueryViewTest() {
    store_.head.version = 9;
    store_.on_view = [this](Version version) -> StatusOr<std::shared_ptr<StoreView>> {
      gate_.Pass();
      if (version > store_.head.version) {
        return WithReason(OutOfRange("above the head"), Reason::kVersionAboveHead);
      }
      const auto view = std::make_shared<FakeView>(
          version,
          std::map<std::string, std::string>{
              {"a", std::to_string(version)}, {"b", std::string(300'000, 'b')}, {"c", "last"}});
      MutexLock lock(mu_);
      last_view_ = view;
      return std::shared_ptr<StoreView>(view);
    };
  }
  grpc::Status Get(Version version, v1::GetResponse* response) {
    grpc::ClientContext context;
    v1::GetRequest request;
    request.set_module("m");
    request.set_key("a");
    request.set_version(version);
    return server_.queries->Get(&context, request, response);
  }
  bool ViewIsHeld() {
    MutexLock lock(mu_);
    return !last_view_.expired();
  }

  TempDir dir_;
  FakeStore store_;
  TestGate gate_;
  Mutex mu_;
  std::weak_ptr<StoreView> last_view_ GUARDED_BY(mu_);
  TestServer server_{store_, {"unix:" + dir_.File("socket")}};
};

TEST_F(QueryViewTest, GetReadsAtTheVersionAsked) {
  v1::GetResponse response;
  ASSERT_TRUE(Get(4, &response).ok());
  EXPECT_EQ(response.version(), 4);
  EXPECT_TRUE(response.found());
  EXPECT_EQ(response.value(), "4");
  EXPECT_EQ(gate_.reached(), 1U);
  EXPECT_EQ(Get(0, &response).error_code(), grpc::StatusCode::UNIMPLEMENTED)
      << "the head is read from the store itself";
  EXPECT_EQ(gate_.reached(), 1U);
}

TEST_F(QueryViewTest, BatchGetReadsAllKeysAtTheVersionAsked) {
  v1::BatchGetRequest request;
  request.set_version(5);
  for (const char* key : {"c", "none", "a"}) {
    v1::BatchGetRequest::Key* asked = request.add_keys();
    asked->set_module("m");
    asked->set_key(key);
  }
  v1::BatchGetResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.queries->BatchGet(&context, request, &response).ok());
  EXPECT_EQ(response.version(), 5);
  ASSERT_EQ(response.values_size(), 3);
  EXPECT_EQ(response.values(0).value(), "last");
  EXPECT_FALSE(response.values(1).found());
  EXPECT_EQ(response.values(2).value(), "5");
}

TEST_F(QueryViewTest, ABatchOfTooManyKeysOpensNoView) {
  v1::BatchGetRequest request;
  request.set_version(5);
  for (int i = 0; i <= 100'000; ++i) {
    request.add_keys();
  }
  v1::BatchGetResponse response;
  grpc::ClientContext context;
  const grpc::Status status = server_.queries->BatchGet(&context, request, &response);
  EXPECT_EQ(DetailOf(status).reason(), v1::LIMIT_EXCEEDED);
  EXPECT_EQ(gate_.reached(), 0U);
}

TEST_F(QueryViewTest, AnIterationHoldsItsViewAndReleasesItAtTheEnd) {
  v1::IterateRequest request;
  request.set_module("m");
  request.set_version(6);
  grpc::ClientContext context;
  const auto reader = server_.queries->Iterate(&context, request);
  std::vector<std::string> keys;
  v1::IterateResponse chunk;
  ASSERT_TRUE(reader->Read(&chunk));
  EXPECT_EQ(chunk.version(), 6);
  do {
    for (const auto& pair : chunk.pairs()) {
      keys.push_back(pair.key());
    }
  } while (reader->Read(&chunk));
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_THAT(keys, ElementsAre("a", "b", "c"));
  EXPECT_EQ(gate_.reached(), 1U) << "one view for the whole iteration";
  EXPECT_FALSE(ViewIsHeld());
}

TEST_F(QueryViewTest, ACancelledIterationReleasesItsView) {
  {
    v1::IterateRequest request;
    request.set_module("m");
    request.set_version(6);
    grpc::ClientContext context;
    const auto reader = server_.queries->Iterate(&context, request);
    v1::IterateResponse chunk;
    ASSERT_TRUE(reader->Read(&chunk));
    context.TryCancel();
    while (reader->Read(&chunk)) {
    }
    reader->Finish();
  }
  server_.server->Drain(std::chrono::hours(1));
  EXPECT_FALSE(ViewIsHeld());
}

TEST_F(QueryViewTest, WhatTheViewCannotBeIsTheCallsError) {
  v1::GetResponse response;
  const grpc::Status status = Get(10, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(DetailOf(status).reason(), v1::VERSION_ABOVE_HEAD);
  v1::IterateRequest request;
  request.set_module("m");
  request.set_version(10);
  grpc::ClientContext context;
  const auto reader = server_.queries->Iterate(&context, request);
  v1::IterateResponse chunk;
  EXPECT_FALSE(reader->Read(&chunk));
  EXPECT_EQ(DetailOf(reader->Finish()).reason(), v1::VERSION_ABOVE_HEAD);
}

TEST_F(QueryViewTest, NegativeVersionsAreInvalid) {
  v1::GetResponse value;
  EXPECT_EQ(Get(-1, &value).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  v1::BatchGetRequest batch;
  batch.set_version(-1);
  v1::BatchGetResponse values;
  grpc::ClientContext batch_context;
  EXPECT_EQ(server_.queries->BatchGet(&batch_context, batch, &values).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::RootRequest root;
  root.set_version(-1);
  v1::RootResponse digest;
  grpc::ClientContext root_context;
  EXPECT_EQ(server_.queries->Root(&root_context, root, &digest).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::IterateRequest iterate;
  iterate.set_version(-1);
  grpc::ClientContext iterate_context;
  const auto reader = server_.queries->Iterate(&iterate_context, iterate);
  v1::IterateResponse chunk;
  EXPECT_FALSE(reader->Read(&chunk));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("0 is the head"));
  EXPECT_EQ(gate_.reached(), 0U);
}

TEST_F(QueryViewTest, ViewsThatAreSlowToOpenHoldUpNoReadOfTheHead) {
  gate_.Close();
  constexpr size_t kSlow = 8;  // more than there are threads that open views
  std::vector<std::thread> readers;
  for (size_t i = 0; i < kSlow; ++i) {
    readers.emplace_back([this] {
      v1::GetResponse response;
      EXPECT_TRUE(Get(3, &response).ok());
    });
  }
  gate_.WaitUntilReached(1);
  grpc::ClientContext root_context;
  v1::RootResponse root;
  EXPECT_TRUE(server_.queries->Root(&root_context, {}, &root).ok());
  grpc::ClientContext iterate_context;
  const auto reader = server_.queries->Iterate(&iterate_context, {});
  v1::IterateResponse chunk;
  EXPECT_FALSE(reader->Read(&chunk));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNIMPLEMENTED);
  gate_.Open();
  for (std::thread& thread : readers) {
    thread.join();
  }
}

TEST_F(QueryViewTest, ADrainRefusesReadsAtAVersionAndWaitsForThoseThatRun) {
  gate_.Close();
  grpc::Status status;
  std::thread reader([this, &status] {
    v1::GetResponse response;
    status = Get(3, &response);
  });
  gate_.WaitUntilReached(1);
  std::thread drain([this] { server_.server->Drain(std::chrono::hours(1)); });
  grpc::Status refused;
  do {
    // Until the drain has begun another read waits behind the gate too.
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
    v1::GetRequest request;
    request.set_version(3);
    v1::GetResponse response;
    refused = server_.queries->Get(&context, request, &response);
  } while (refused.error_code() != grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(DetailOf(refused).reason(), v1::CLOSED);
  gate_.Open();
  drain.join();
  reader.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace flatkv::test
