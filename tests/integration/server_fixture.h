// A server over a real store in memory, and clients for it.
#pragma once

#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flatkv/store/store.h"
#include "flatkv/v1/admin_service.grpc.pb.h"
#include "flatkv/v1/commit_service.grpc.pb.h"
#include "flatkv/v1/error.pb.h"
#include "flatkv/v1/query_service.grpc.pb.h"
#include "flatkv/v1/state_service.grpc.pb.h"
#include "server/server.h"
#include "tests/integration/gated_store.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/sample_blocks.h"
#include "tests/support/temp_dir.h"

namespace flatkv::test {

inline constexpr uint64_t kTestMessageBytesMax = uint64_t{1} << 20;

v1::CommitBlockRequest ToRequest(const OwnedBlock& block);
// The ErrorDetail of grpc-status-details-bin; the test fails without one.
v1::ErrorDetail DetailOf(const grpc::Status& status);

// Collects events; thread-safe.
class EventLog final : public Logger {
 public:
  void Log(LogLevel level, std::string_view event, std::string_view text) override;
  bool Has(std::string_view event) EXCLUDES(mu_);
  // The text of the last event of this name; empty without one.
  std::string TextOf(std::string_view event) EXCLUDES(mu_);

 private:
  Mutex mu_;
  std::vector<std::pair<std::string, std::string>> events_ GUARDED_BY(mu_);
};

// Calls with bytes instead of messages, for services whose messages we do not have and for
// malformed requests.
struct RawAnswer {
  grpc::Status status;
  std::vector<std::string> messages;
};
RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& requests);

struct TestServer {
  // Over `store`, on `listen` ("unix:PATH" or "HOST:PORT").
  TestServer(Store& store, const std::vector<std::string>& listen, bool reflection = true);
  TestServer(Store& store, const server::ServerOptions& options);

  // With AdminService on `admin_listen`; empty: without.
  static server::ServerOptions Options(const std::vector<std::string>& listen,
                                       const std::string& admin_listen = "");
  // "SERVING", "NOT_SERVING" or the error of the health service.
  std::string Health(const std::string& service) const { return Health(service, channel); }
  static std::string Health(const std::string& service,
                            const std::shared_ptr<grpc::Channel>& channel);
  grpc::Status Commit(const v1::CommitBlockRequest& request, v1::CommitResponse* response) const;
  grpc::Status Get(const std::string& module, const std::string& key,
                   v1::GetResponse* response) const;
  v1::InfoResponse Info() const;

  EventLog log;
  std::unique_ptr<server::Server> server;
  std::shared_ptr<grpc::Channel> channel;  // to the first address
  std::unique_ptr<v1::CommitService::Stub> commits;
  std::unique_ptr<v1::QueryService::Stub> queries;
  std::shared_ptr<grpc::Channel> admin_channel;  // null without AdminService
  std::unique_ptr<v1::AdminService::Stub> admin;

 private:
  void Start(Store& store, const server::ServerOptions& options);
};

// A store in memory; a power cut and failing calls are at hand.
class MemoryStore {
 public:
  MemoryStore();
  ~MemoryStore();
  Store& store() { return *store_; }
  FaultFileSystem& faults() { return faults_; }

 private:
  MemFileSystem disk_;
  FaultFileSystem faults_{disk_};
  std::unique_ptr<Store> store_;
};

}  // namespace flatkv::test
