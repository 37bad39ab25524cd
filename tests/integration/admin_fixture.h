// A server with AdminService over a store whose answers the test gives.
#pragma once

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/integration/fake_store.h"
#include "tests/integration/server_fixture.h"

namespace flatkv::test {

inline SnapshotSummary FakeSnapshot(Version version) {
  SnapshotSummary summary;
  summary.manifest.version = version;
  summary.manifest.wal_from = version + 1;
  summary.manifest.root.fill(0xab);
  summary.manifest.store_id = "store";
  summary.manifest.operation_id = "operation";
  summary.manifest.build = "1.2";
  summary.manifest.engine = "leveldb";
  summary.manifest.key_format = "keys";
  summary.manifest.suite = Suite::kBlake3;
  summary.manifest.created_unix_seconds = 99;
  summary.manifest.dbs[3].rows = 5;
  summary.manifest.dbs[3].modules = {{.name = "bank", .rows = 5, .bytes = 50}};
  summary.manifest.files = {{.path = "misc/1.sst", .size_bytes = 7}, {.path = "misc/2.sst"}};
  summary.files_count = 2;
  summary.total_bytes = 7;
  summary.is_current = true;
  summary.leases = 2;
  summary.pins = {{.id = "p", .version = version, .reason = "why", .created_unix_seconds = 3}};
  return summary;
}

// One pair a version.
inline v1::ReorgRequest ReorgOf(const std::vector<Version>& versions) {
  v1::ReorgRequest request;
  for (const Version version : versions) {
    v1::ReorgBlock* block = request.add_blocks();
    block->set_version(version);
    v1::NamedChangeSet* changes = block->add_changesets();
    changes->set_name("bank");
    changes->mutable_changeset()->add_pairs()->set_key("key " + std::to_string(version));
  }
  return request;
}

class AdminTest : public ::testing::Test {
 protected:
  FakeStoreAdmin& admin() { return store_.fake_admin; }

  // Starts the server at the first call: the store's answers are set before.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::AdminService::Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    return (*Server().admin.*method)(&context, request, response);
  }
  grpc::Status CreateSnapshot() {
    v1::Snapshot snapshot;
    return Call(&v1::AdminService::Stub::CreateSnapshot, {}, &snapshot);
  }
  TestServer& Server() {
    if (!server_.has_value()) {
      server_.emplace(store_, TestServer::Options({"unix:" + dir_.File("node")},
                                                  "unix:" + dir_.File("admin.sock")));
    }
    return *server_;
  }

  TempDir dir_;
  FakeStore store_;
  std::optional<TestServer> server_;
};

}  // namespace flatkv::test
