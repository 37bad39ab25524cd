// ArchiveService: what an export sends, cancelling and draining it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/base/sha256.h"
#include "flatkv/v1/archive_service.grpc.pb.h"
#include "tests/integration/admin_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

ArchiveManifest FakeManifest(std::string_view payload) {
  ArchiveManifest manifest;
  manifest.state.version = 7;
  manifest.key_format = kKeyFormat;
  manifest.content_digest = Sha256(payload);
  manifest.payload_bytes = payload.size();
  return manifest;
}

class ArchiveServiceTest : public AdminTest {
 protected:
  std::unique_ptr<v1::ArchiveService::Stub> Stub() {
    return v1::ArchiveService::NewStub(Server().admin_channel);
  }
  // Sends chunks until the sink says no.
  void ExportForEver() {
    admin().on_export = [this](const ExportOptions&,
                               ExportSink& sink) -> StatusOr<ArchiveManifest> {
      Status status = sink.Begin(FakeManifest("p"), "p");
      while (status.ok()) {
        status = sink.AddChunk({}, std::string(3 << 20, 'x'));
      }
      ended_.Pass();
      return status;
    };
  }

  TestGate ended_;
};

TEST_F(ArchiveServiceTest, SendsTheManifestThePayloadAndTheChunksInPieces) {
  const std::string payload(1500 << 10, 'p');
  const std::string chunk(2500 << 10, 'c');
  ExportOptions asked;
  admin().on_export = [&](const ExportOptions& options,
                          ExportSink& sink) -> StatusOr<ArchiveManifest> {
    asked = options;
    RETURN_IF_ERROR(sink.Begin(FakeManifest(payload), payload));
    RETURN_IF_ERROR(sink.AddChunk({}, chunk));
    RETURN_IF_ERROR(sink.AddChunk({}, "small"));
    return FakeManifest(payload);
  };
  v1::ExportRequest request;
  request.set_version(7);
  request.set_after_chunks(3);
  request.set_after_db("storage");
  request.set_after_key("evm/x");
  request.set_threads(2);
  grpc::ClientContext context;
  const auto stub = Stub();
  const auto reader = stub->Export(&context, request);
  v1::ExportResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.manifest(), EncodeArchiveManifest(FakeManifest(payload)));
  std::string received_payload;
  std::vector<std::string> chunks(1);
  while (reader->Read(&response)) {
    received_payload += response.payload();
    chunks.back() += response.chunk();
    EXPECT_LE(response.ByteSizeLong(), (size_t{1} << 20) + 64);
    if (response.ends_chunk()) {
      chunks.emplace_back();
    }
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(received_payload, payload);
  EXPECT_EQ(chunks, (std::vector<std::string>{chunk, "small", ""}));
  EXPECT_EQ(asked.at, 7);
  EXPECT_EQ(asked.threads, 2u);
  EXPECT_EQ(asked.after.chunks, 3u);
  EXPECT_EQ(asked.after.db, DataDb::kStorage);
  EXPECT_EQ(asked.after.last_key, "evm/x");
}

TEST_F(ArchiveServiceTest, RefusesWhatNoExportCanBeginBehind) {
  const auto stub = Stub();
  for (const char* db : {"", "accounts"}) {
    v1::ExportRequest request;
    request.set_version(7);
    request.set_after_chunks(1);
    request.set_after_db(db);
    request.set_after_key("evm/x");
    grpc::ClientContext context;
    const auto reader = stub->Export(&context, request);
    v1::ExportResponse response;
    EXPECT_FALSE(reader->Read(&response));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(ArchiveServiceTest, OneExportRunsAtATimeAndCancellingItMakesRoom) {
  ExportForEver();
  const auto stub = Stub();
  grpc::ClientContext first_context;
  const auto first = stub->Export(&first_context, {});
  v1::ExportResponse response;
  ASSERT_TRUE(first->Read(&response));
  {
    grpc::ClientContext context;
    const auto second = stub->Export(&context, {});
    EXPECT_FALSE(second->Read(&response));
    const grpc::Status status = second->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(status.error_message(), HasSubstr("another export"));
  }
  first_context.TryCancel();
  EXPECT_EQ(first->Finish().error_code(), grpc::StatusCode::CANCELLED);
  ended_.WaitUntilReached(1);
}

TEST_F(ArchiveServiceTest, ADrainEndsAnExport) {
  ExportForEver();
  const auto stub = Stub();
  grpc::ClientContext context;
  const auto reader = stub->Export(&context, {});
  v1::ExportResponse response;
  ASSERT_TRUE(reader->Read(&response));
  std::thread drain([this] { Server().server->Drain(std::chrono::hours(1)); });
  while (reader->Read(&response)) {
  }
  const grpc::Status status = reader->Finish();
  drain.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
  ended_.WaitUntilReached(1);
}

}  // namespace
}  // namespace flatkv::test
