#include "tests/integration/server_fixture.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/listen_address.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
  }
  return bytes;
}

// One operation at a time on a queue of its own.
class SteppedCall {
 public:
  bool Step() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }
  grpc::CompletionQueue* queue() { return &queue_; }
  ~SteppedCall() { queue_.Shutdown(); }

 private:
  grpc::CompletionQueue queue_;
};

StoreOptions SmallStoreOptions() {
  StoreOptions options;
  options.threads = 2;
  options.read_threads = 2;
  options.background_threads = 1;
  options.block_cache_bytes = uint64_t{8} << 20;
  options.write_buffer_bytes = uint64_t{4} << 20;
  return options;
}

}  // namespace

v1::CommitBlockRequest ToRequest(const OwnedBlock& block) {
  v1::CommitBlockRequest request;
  request.set_version(block.version());
  for (const NamedChangeSet& named : block.changes()) {
    v1::NamedChangeSet* changes = request.add_changesets();
    changes->set_name(std::string(named.module));
    for (const KvPair& pair : named.pairs) {
      v1::KVPair* written = changes->mutable_changeset()->add_pairs();
      written->set_key(std::string(pair.key));
      written->set_value(std::string(pair.value));
      written->set_delete_(pair.remove);
    }
  }
  return request;
}

v1::ErrorDetail DetailOf(const grpc::Status& status) {
  v1::RpcStatus details;
  v1::ErrorDetail detail;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(status.error_code()));
  EXPECT_EQ(details.message(), status.error_message());
  if (details.details_size() != 1 || !details.details(0).UnpackTo(&detail)) {
    ADD_FAILURE() << "no ErrorDetail in: " << status.error_message();
  }
  return detail;
}

void EventLog::Log(LogLevel /*level*/, std::string_view event, std::string_view text) {
  MutexLock lock(mu_);
  events_.emplace_back(event, text);
}

std::string EventLog::TextOf(std::string_view event) {
  MutexLock lock(mu_);
  for (auto logged = events_.rbegin(); logged != events_.rend(); ++logged) {
    if (logged->first == event) {
      return logged->second;
    }
  }
  return "";
}

bool EventLog::Has(std::string_view event) {
  MutexLock lock(mu_);
  return std::any_of(events_.begin(), events_.end(),
                     [event](const auto& logged) { return logged.first == event; });
}

RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::vector<std::string>& requests) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  SteppedCall steps;
  const auto call = stub.PrepareCall(&context, method, steps.queue());
  call->StartCall(nullptr);
  bool open = steps.Step();
  for (const std::string& request : requests) {
    if (open) {
      call->Write(BufferOf(request), nullptr);
      open = steps.Step();
    }
  }
  call->WritesDone(nullptr);
  steps.Step();
  RawAnswer answer;
  grpc::ByteBuffer message;
  call->Read(&message, nullptr);
  while (steps.Step()) {
    answer.messages.push_back(BytesOf(message));
    call->Read(&message, nullptr);
  }
  call->Finish(&answer.status, nullptr);
  steps.Step();
  return answer;
}

server::ServerOptions TestServer::Options(const std::vector<std::string>& listen,
                                          const std::string& admin_listen) {
  server::ServerOptions options;
  options.config.listen.clear();
  for (const std::string& address : listen) {
    const StatusOr<ListenAddress> parsed = ParseListenAddress(address);
    EXPECT_OK(parsed);
    options.config.listen.push_back(*parsed);
  }
  options.config.max_message_bytes = kTestMessageBytesMax;
  options.wal_sync = "always";
  options.build = "test";
  if (!admin_listen.empty()) {
    const StatusOr<ListenAddress> parsed = ParseListenAddress(admin_listen);
    EXPECT_OK(parsed);
    options.admin_address = *parsed;
  }
  return options;
}

TestServer::TestServer(Store& store, const std::vector<std::string>& listen, bool reflection) {
  server::ServerOptions options = Options(listen);
  options.config.reflection = reflection;
  Start(store, options);
}

TestServer::TestServer(Store& store, const server::ServerOptions& options) {
  Start(store, options);
}

void TestServer::Start(Store& store, const server::ServerOptions& options) {
  auto started = server::Server::Start(store, log, options);
  EXPECT_OK(started);
  server = *std::move(started);
  grpc::ChannelArguments arguments;
  // Each test server gets connections of its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  channel = grpc::CreateCustomChannel(server->addresses().front(),
                                      grpc::InsecureChannelCredentials(), arguments);
  commits = v1::CommitService::NewStub(channel);
  queries = v1::QueryService::NewStub(channel);
  if (options.admin_address.has_value()) {
    admin_channel = grpc::CreateCustomChannel(server->admin_address(),
                                              grpc::InsecureChannelCredentials(), arguments);
    admin = v1::AdminService::NewStub(admin_channel);
  }
}

std::string TestServer::Health(const std::string& service,
                               const std::shared_ptr<grpc::Channel>& channel) {
  // grpc.health.v1.HealthCheckRequest {string service = 1}; the answer's field 1 is the state.
  std::string request;
  if (!service.empty()) {
    request = std::string(1, '\x0a') + static_cast<char>(service.size()) + service;
  }
  const RawAnswer answer = RawCall(channel, "/grpc.health.v1.Health/Check", {request});
  if (!answer.status.ok() || answer.messages.size() != 1) {
    return "error " + answer.status.error_message();
  }
  return answer.messages[0] == "\x08\x01" ? "SERVING" : "NOT_SERVING";
}

grpc::Status TestServer::Commit(const v1::CommitBlockRequest& request,
                                v1::CommitResponse* response) const {
  grpc::ClientContext context;
  return commits->CommitBlock(&context, request, response);
}

grpc::Status TestServer::Get(const std::string& module, const std::string& key,
                             v1::GetResponse* response) const {
  grpc::ClientContext context;
  v1::GetRequest request;
  request.set_module(module);
  request.set_key(key);
  return queries->Get(&context, request, response);
}

v1::InfoResponse TestServer::Info() const {
  grpc::ClientContext context;
  v1::InfoResponse response;
  const grpc::Status status = commits->Info(&context, v1::InfoRequest(), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

MemoryStore::MemoryStore() {
  auto opened = Store::Open(faults_, NullLogger(), "/home", SmallStoreOptions());
  EXPECT_OK(opened);
  store_ = *std::move(opened);
}

MemoryStore::~MemoryStore() { static_cast<void>(store_->Close()); }

}  // namespace flatkv::test
