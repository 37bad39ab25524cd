#include "server/admin_calls.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <utility>

#include "server/grpc_status.h"

namespace flatkv::server {
namespace {

Status GivenUp() { return Cancelled("cancelled before it was begun"); }

}  // namespace

AdminCalls::AdminCalls(Logger& logger, std::function<void()> on_failure)
    : logger_(logger), on_failure_(std::move(on_failure)) {}

grpc::ServerUnaryReactor* AdminCalls::LookUp(grpc::CallbackServerContext* call, Work work) {
  return Run(lookups_, call,
             [work = std::move(work)](bool given_up) { return given_up ? GivenUp() : work(); });
}

grpc::ServerUnaryReactor* AdminCalls::Change(grpc::CallbackServerContext* call,
                                             const std::string& event, const std::string& what,
                                             Operation operation) {
  return Run(lookups_, call, Logged(call, event, what, std::move(operation)));
}

grpc::ServerUnaryReactor* AdminCalls::Operate(grpc::CallbackServerContext* call,
                                              const std::string& event, const std::string& what,
                                              Operation operation) {
  return Run(operations_, call, Logged(call, event, what, std::move(operation)));
}

void AdminCalls::Drain() {
  draining_.store(true, std::memory_order_relaxed);
  lookups_.Refuse();
  operations_.Refuse();
}

grpc::ServerUnaryReactor* AdminCalls::Run(WorkQueue& queue, grpc::CallbackServerContext* call,
                                          Job job) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  running_.TryBegin();
  const Status accepted = queue.Submit([this, call, reactor, job = std::move(job)] {
    const Status status = job(call->IsCancelled());
    if (!status.ok()) {
      on_failure_();
    }
    reactor->Finish(ToGrpcStatus(status));
    running_.End();
  });
  if (!accepted.ok()) {
    reactor->Finish(ToGrpcStatus(accepted));
    running_.End();
  }
  return reactor;
}

AdminCalls::Job AdminCalls::Logged(grpc::CallbackServerContext* call, const std::string& event,
                                   const std::string& what, Operation operation) {
  const std::string text = fmt::format("{}, asked by {}", what, call->peer());
  return [this, event, text, operation = std::move(operation)](bool given_up) -> Status {
    if (given_up) {
      logger_.Log(LogLevel::kInfo, event + "_not_begun", text);
      return GivenUp();
    }
    logger_.Log(LogLevel::kInfo, event, text);
    const StatusOr<std::string> outcome = operation();
    if (!outcome.ok()) {
      logger_.Log(LogLevel::kWarning, event + "_failed",
                  fmt::format("{}: {}", text, PrintableText(MessageOf(outcome.status()))));
      return outcome.status();
    }
    logger_.Log(LogLevel::kInfo, event + "_done", *outcome);
    return OkStatus();
  };
}

}  // namespace flatkv::server
