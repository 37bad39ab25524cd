#include "server/rpc_metrics.h"

#include <google/protobuf/descriptor.h>

#include "flatkv/v1/admin_service.pb.h"
#include "flatkv/v1/commit_service.pb.h"
#include "flatkv/v1/query_service.pb.h"
#include "flatkv/v1/state_service.pb.h"
#include "server/metric_list.h"

namespace flatkv::server {

using grpc::experimental::InterceptionHookPoints;

// One call, from its arrival until gRPC drops what it kept of it.
class RpcMetrics::Interceptor final : public grpc::experimental::Interceptor {
 public:
  explicit Interceptor(Method& method) : method_(method) {
    method_.running.fetch_add(1, std::memory_order_relaxed);
  }
  ~Interceptor() override { method_.running.fetch_sub(1, std::memory_order_relaxed); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const auto code = static_cast<size_t>(batch->GetSendStatus().error_code());
      if (code < method_.answered.size()) {
        method_.answered[code].fetch_add(1, std::memory_order_relaxed);
      }
    }
    batch->Proceed();
  }

 private:
  Method& method_;
};

class RpcMetrics::Factory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(RpcMetrics& metrics) : metrics_(metrics) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    return new Interceptor(metrics_.Find(info->method()));
  }

 private:
  RpcMetrics& metrics_;
};

RpcMetrics::RpcMetrics() {
  for (const google::protobuf::FileDescriptor* file :
       {v1::InfoRequest::descriptor()->file(), v1::GetRequest::descriptor()->file(),
        v1::RetentionRequest::descriptor()->file(), v1::RangesRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor& service = *file->service(i);
      for (int m = 0; m < service.method_count(); ++m) {
        AddMethod(service.full_name(), service.method(m)->name());
      }
    }
  }
  AddMethod("grpc.health.v1.Health", "Check");
  AddMethod("grpc.health.v1.Health", "Watch");
  AddMethod("other", "other");
}

void RpcMetrics::AddMethod(const std::string& service, const std::string& name) {
  auto method = std::make_unique<Method>();
  method->service = service;
  method->name = name;
  methods_.push_back(std::move(method));
}

RpcMetrics::Method& RpcMetrics::Find(std::string_view path) {
  for (const std::unique_ptr<Method>& method : methods_) {
    const std::string& service = method->service;
    if (path.size() == service.size() + method->name.size() + 2 && path.front() == '/' &&
        path.substr(1, service.size()) == service && path[service.size() + 1] == '/' &&
        path.substr(service.size() + 2) == method->name) {
      return *method;
    }
  }
  return *methods_.back();
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
RpcMetrics::NewInterceptors() {
  return std::make_unique<Factory>(*this);
}

std::vector<prometheus::MetricFamily> RpcMetrics::Collect() const {
  MetricList list;
  for (const std::unique_ptr<Method>& method : methods_) {
    for (int code = 0; code < kCodes; ++code) {
      const uint64_t answered =
          method->answered[static_cast<size_t>(code)].load(std::memory_order_relaxed);
      if (code == 0 || answered != 0) {
        list.Counter(
            "flatkv_rpcs_total", "gRPC calls answered since the start, by method and code.",
            static_cast<double>(answered),
            {{"service", method->service}, {"method", method->name}, {"code", CodeName(code)}});
      }
    }
  }
  for (const std::unique_ptr<Method>& method : methods_) {
    list.Gauge("flatkv_rpcs_running",
               "gRPC calls that are open: of CommitStream, Iterate and Verify, the streams.",
               static_cast<double>(method->running.load(std::memory_order_relaxed)),
               {{"service", method->service}, {"method", method->name}});
  }
  return list.Take();
}

}  // namespace flatkv::server
