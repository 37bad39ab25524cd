// The client of AdminService against a service in this process, over a unix socket.
#include "cli/admin_client.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "cli/admin_json.h"
#include "cli/errors.h"
#include "cli/target.h"
#include "flatkv/v1/admin_service.grpc.pb.h"
#include "flatkv/v1/commit_service.grpc.pb.h"
#include "flatkv/v1/error.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace flatkv::cli {
namespace {

using test::HasReason;
using test::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kBytes32(32, '\x11');

// Answers with fixed messages; Rollback waits for Release when `hold` is set.
class FakeAdminService final : public v1::AdminService::Service {
 public:
  grpc::Status Retention(grpc::ServerContext*, const v1::RetentionRequest*,
                         v1::RetentionResponse* response) override {
    response->set_oldest_retained(3);
    response->add_snapshots(3);
    response->add_snapshots(7);
    response->mutable_activity()->set_policy("interval");
    response->set_on_dirty_store("fail");
    return grpc::Status::OK;
  }
  grpc::Status ListSnapshots(grpc::ServerContext*, const v1::ListSnapshotsRequest*,
                             v1::ListSnapshotsResponse* response) override {
    v1::Snapshot* snapshot = response->add_snapshots();
    snapshot->set_version(7);
    snapshot->set_root(kBytes32);
    snapshot->set_suite("blake3");
    snapshot->set_files_count(12);
    snapshot->set_total_bytes(3456);
    return grpc::Status::OK;
  }
  grpc::Status ShowSnapshot(grpc::ServerContext*, const v1::ShowSnapshotRequest* request,
                            v1::Snapshot* response) override {
    response->set_version(request->version());
    response->set_root(kBytes32);
    response->set_suite("sha256");
    v1::SnapshotDb* db = response->add_dbs();
    db->set_name("storage");
    db->set_checksum(kBytes32);
    db->set_rows(5);
    v1::SnapshotFile* file = response->add_files();
    file->set_path("storage/000001.sst");
    file->set_bytes(99);
    file->set_digest(std::string(request->version() == 8 ? 15 : 16, '\x22'));
    response->set_files_count(1);
    response->set_total_bytes(99);
    return grpc::Status::OK;
  }
  grpc::Status RemoveSnapshot(grpc::ServerContext*, const v1::RemoveSnapshotRequest*,
                              v1::RemoveSnapshotResponse*) override {
    v1::ErrorDetail detail;
    detail.set_reason(v1::SNAPSHOT_IN_USE);
    v1::RpcStatus status;
    status.add_details()->PackFrom(detail);
    return {grpc::StatusCode::FAILED_PRECONDITION, "it is pinned", status.SerializeAsString()};
  }
  grpc::Status Prune(grpc::ServerContext*, const v1::PruneRequest* request,
                     v1::PruneResponse* response) override {
    prunes.push_back(request->ShortDebugString());
    response->add_snapshots(3);
    response->set_wal_below(4);
    return grpc::Status::OK;
  }
  grpc::Status Rollback(grpc::ServerContext*, const v1::RollbackRequest* request,
                        v1::RollbackResponse* response) override {
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hold_; });
    finished_ += request->dry_run() ? 0 : 1;
    response->set_from(9);
    response->set_target(request->target());
    response->set_target_root(kBytes32);
    response->set_method(request->method() == v1::AUTO ? v1::UNDO : request->method());
    response->set_base(0);
    response->add_removed_snapshots(7);
    response->add_steps("one step");
    return grpc::Status::OK;
  }
  grpc::Status Reorg(grpc::ServerContext*, const v1::ReorgRequest* request,
                     v1::ReorgResponse* response) override {
    response->set_from(9);
    for (const v1::ReorgBlock& block : request->blocks()) {
      v1::ReorgVersion* version = response->add_versions();
      version->set_version(block.version());
      std::string root = kBytes32;
      root[0] = static_cast<char>(block.changesets_size());
      version->set_root(root);
    }
    return grpc::Status::OK;
  }
  grpc::Status Verify(grpc::ServerContext* context, const v1::VerifyRequest* request,
                      grpc::ServerWriter<v1::VerifyResponse>* writer) override {
    v1::VerifyResponse response;
    for (uint64_t done = 1; done <= 3; ++done) {
      response.mutable_progress()->set_phase("rows misc");
      response.mutable_progress()->set_done(done);
      response.mutable_progress()->set_total(3);
      writer->Write(response);
    }
    if (endless) {
      while (!context->IsCancelled() && writer->Write(response)) {
      }
      return {grpc::StatusCode::CANCELLED, "cancelled"};
    }
    response.mutable_report()->set_version(request->at());
    response.mutable_report()->set_root(kBytes32);
    response.mutable_report()->add_findings(request->full() ? "full" : "quick");
    writer->Write(response);
    return grpc::Status::OK;
  }

  void Hold() {
    const std::lock_guard lock(mutex_);
    hold_ = true;
    entered_ = false;
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    hold_ = false;
    changed_.notify_all();
  }
  bool entered() {
    const std::lock_guard lock(mutex_);
    return entered_;
  }
  int finished() {
    const std::lock_guard lock(mutex_);
    return finished_;
  }

  std::vector<std::string> prunes;
  std::atomic<bool> endless = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hold_ = false;
  bool entered_ = false;
  int finished_ = 0;
};

class FakeCommitService final : public v1::CommitService::Service {
 public:
  grpc::Status Info(grpc::ServerContext*, const v1::InfoRequest*,
                    v1::InfoResponse* response) override {
    response->set_suite("sha256");
    response->set_root(kBytes32);
    response->set_admin_address(admin_address);
    return grpc::Status::OK;
  }
  std::string admin_address;
};

std::unique_ptr<grpc::Server> Serve(const std::string& address, grpc::Service* service) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(service);
  return builder.BuildAndStart();
}

class AdminClientTest : public ::testing::Test {
 protected:
  AdminClientTest() {
    client_options_.address = "unix:" + dir_.File("admin.sock");
    server_ = Serve(client_options_.address, &service_);
    client_ = NewAdminClient(client_options_, [this] { return interrupted_(); });
  }
  ~AdminClientTest() override {
    service_.Release();
    server_->Shutdown();
    server_->Wait();
  }

  test::TempDir dir_;
  FakeAdminService service_;
  FakeCommitService commit_;
  ClientOptions client_options_;
  std::unique_ptr<grpc::Server> server_;
  std::function<bool()> interrupted_ = [] { return false; };
  std::unique_ptr<AdminClient> client_;
};

TEST_F(AdminClientTest, CarriesRetentionAndSnapshots) {
  ASSERT_OK_AND_ASSIGN(const RetentionInfo retention, client_->AskRetention());
  EXPECT_EQ(retention.oldest_retained, 3);
  EXPECT_THAT(retention.snapshots, ElementsAre(3, 7));
  EXPECT_EQ(retention.activity.policy, "interval");
  EXPECT_EQ(retention.on_dirty_store, "fail");

  ASSERT_OK_AND_ASSIGN(const auto snapshots, client_->Snapshots());
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_EQ(snapshots[0].manifest.suite, Suite::kBlake3);
  EXPECT_THAT(snapshots[0].manifest.files, ::testing::IsEmpty());
  EXPECT_EQ(ToJson(snapshots[0])["files"], 12);
  EXPECT_EQ(ToJson(snapshots[0])["bytes"], 3456);

  ASSERT_OK_AND_ASSIGN(const SnapshotSummary shown, client_->ShowSnapshot(7));
  EXPECT_EQ(shown.manifest.dbs[2].rows, 5u);
  ASSERT_EQ(shown.manifest.files.size(), 1u);
  EXPECT_EQ(shown.manifest.files[0].path, "storage/000001.sst");
  EXPECT_THAT(client_->ShowSnapshot(8), StatusIs(StatusCode::kInternal, HasSubstr("15 bytes")));
}

TEST_F(AdminClientTest, CarriesReasons) {
  EXPECT_THAT(client_->RemoveSnapshot(7),
              AllOf(StatusIs(StatusCode::kFailedPrecondition, "it is pinned"),
                    HasReason(Reason::kSnapshotInUse)));
}

TEST_F(AdminClientTest, APlanIsADryRunAndAnUnsetCountStaysUnset) {
  ASSERT_OK_AND_ASSIGN(const PrunePlan plan, client_->PlanPrune(std::nullopt));
  EXPECT_EQ(plan.wal_below, 4);
  ASSERT_OK(client_->Prune(0));
  EXPECT_THAT(service_.prunes, ElementsAre("dry_run: true", "keep_recent: 0"));

  ASSERT_OK_AND_ASSIGN(const RollbackPlan rollback,
                       client_->PlanRollback(5, RollbackChoice::kReplay));
  EXPECT_EQ(rollback.method, RollbackMethod::kReplay);
  EXPECT_FALSE(rollback.base.has_value());
  EXPECT_THAT(rollback.removed_snapshots, ElementsAre(7));
  EXPECT_EQ(service_.finished(), 0);
  ASSERT_OK_AND_ASSIGN(const RollbackResult done, client_->Rollback(5, RollbackChoice::kAuto));
  EXPECT_EQ(done.plan.method, RollbackMethod::kUndo);
  EXPECT_EQ(service_.finished(), 1);
}

TEST_F(AdminClientTest, ReorgSendsEveryChangeSet) {
  std::vector<ReorgBlock> blocks(2);
  blocks[0].version = 6;
  blocks[0].changes = {{"bank", {{"k", "v"}}}, {"evm", {{"x", "", true}}}};
  blocks[1].version = 7;
  ASSERT_OK_AND_ASSIGN(const ReorgResult result, client_->Reorg(blocks));
  ASSERT_EQ(result.versions.size(), 2u);
  EXPECT_EQ(result.versions[0].first, 6);
  EXPECT_EQ(result.versions[0].second[0], 2);
  EXPECT_EQ(result.versions[1].second[0], 0);
}

TEST_F(AdminClientTest, VerifyReportsProgressAndThenTheReport) {
  VerifyOptions options;
  options.depth = VerifyDepth::kFull;
  options.at = 5;
  std::vector<uint64_t> done;
  const auto on_progress = [&done](const VerifyProgress& progress) {
    EXPECT_EQ(progress.phase, "rows misc");
    done.push_back(progress.done);
    return true;
  };
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, client_->Verify(options, on_progress));
  EXPECT_THAT(done, ElementsAre(1, 2, 3));
  EXPECT_EQ(report.version, 5);
  EXPECT_THAT(report.findings, ElementsAre("full"));
}

TEST_F(AdminClientTest, CancellingAVerificationEndsItOnBothSides) {
  service_.endless = true;
  EXPECT_THAT(client_->Verify({}, [](const VerifyProgress&) { return false; }),
              StatusIs(StatusCode::kCancelled));
}

// The daemon is in the middle of the rollback when the client leaves, and finishes it.
TEST_F(AdminClientTest, AnInterruptLeavesARollbackToTheDaemon) {
  service_.Hold();
  interrupted_ = [this] { return service_.entered(); };
  const Status status = client_->Rollback(5, RollbackChoice::kAuto).status();
  EXPECT_THAT(status, StatusIs(StatusCode::kCancelled, AllOf(HasSubstr("goes on with the rollback"),
                                                             HasSubstr(client_options_.address))));
  EXPECT_EQ(CommandExitCode(status), kExitInterrupted);
  EXPECT_THAT(HintOf(status), HasSubstr("flatkv status"));
  EXPECT_EQ(service_.finished(), 0);
  service_.Release();
  server_->Shutdown();
  server_->Wait();
  EXPECT_EQ(service_.finished(), 1);
}

TEST_F(AdminClientTest, ADaemonNamesItsAdminListenerInInfo) {
  const std::string address = "unix:" + dir_.File("main.sock");
  commit_.admin_address = client_options_.address;
  const auto server = Serve(address, &commit_);
  const auto access = NewRemoteAccess({.address = address});
  ASSERT_OK_AND_ASSIGN(StoreAdmin* const admin, access->Admin());
  EXPECT_EQ(admin->Retention().oldest_retained, 3);
  EXPECT_EQ(access->where(), address);
}

TEST_F(AdminClientTest, ADaemonWithoutAnAdminListenerSaysWhatToSet) {
  const std::string address = "unix:" + dir_.File("main.sock");
  const auto server = Serve(address, &commit_);
  const auto access = NewRemoteAccess({.address = address});
  const Status status = access->Admin().status();
  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, HasSubstr("no admin listener")));
  EXPECT_THAT(HintOf(status), HasSubstr("[server] admin-listen"));
}

TEST_F(AdminClientTest, TheAdminAddressItselfIsTaken) {
  const auto access = NewRemoteAccess(client_options_);
  ASSERT_OK_AND_ASSIGN(StoreAdmin* const admin, access->Admin());
  EXPECT_EQ(admin->Retention().oldest_retained, 3);
}

TEST_F(AdminClientTest, AHomeWithADaemonIsAdministeredThroughIt) {
  TargetOptions target;
  target.home = dir_.path();
  ASSERT_OK_AND_ASSIGN(const auto access, OpenAdminTarget(target));
  EXPECT_EQ(access->mode(), "online");
  EXPECT_EQ(access->where(), client_options_.address);
  EXPECT_OK(access->Retention());
}

TEST_F(AdminClientTest, ASocketThatADaemonLeftBehindIsNoDaemon) {
  test::TempDir left;
  const std::string path = left.File("admin.sock");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ::close(socket);
  TargetOptions target;
  target.home = left.path();
  EXPECT_THAT(OpenAdminTarget(target), StatusIs(StatusCode::kNotFound, HasSubstr("no store")));
}

}  // namespace
}  // namespace flatkv::cli
