#include "server/metrics_server.h"

#include <fmt/format.h>
#include <netdb.h>
#include <prometheus/exposer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "server/listen_socket.h"

namespace flatkv::server {
namespace {

// A client that sends nothing holds one of the threads for so long.
constexpr char kRequestTimeoutMs[] = "5000";
constexpr char kThreads[] = "2";

constexpr std::chrono::milliseconds kKnockInterval{5};

// Begins to connect, and is gone.
void Knock(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) !=
      0) {
    return;
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int fd = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
      static_cast<void>(connect(fd, each->ai_addr, each->ai_addrlen));
      close(fd);
    }
  }
  freeaddrinfo(found);
}

class ExposerServer final : public MetricsServer {
 public:
  ExposerServer(ListenAddress address, std::unique_ptr<prometheus::Exposer> exposer,
                Sources sources)
      : address_(std::move(address)), sources_(std::move(sources)), exposer_(std::move(exposer)) {
    for (const std::shared_ptr<prometheus::Collectable>& source : sources_) {
      exposer_->RegisterCollectable(source);
    }
  }

  ~ExposerServer() override {
    // The library's thread looks only every two seconds whether it is to stop, unless somebody
    // connects: a daemon that stops must not wait for that.
    std::atomic<bool> stopped{false};
    std::thread stopping([this, &stopped] {
      exposer_.reset();
      stopped = true;
    });
    while (!stopped) {
      Knock(address_);
      std::this_thread::sleep_for(kKnockInterval);
    }
    stopping.join();
  }

  std::string address() const override { return ToString(address_); }

 private:
  const ListenAddress address_;
  const Sources sources_;
  // Destroyed first: its scrapes read the sources.
  std::unique_ptr<prometheus::Exposer> exposer_;
};

// Null when the address cannot be bound: the one place where the library throws.
std::unique_ptr<prometheus::Exposer> Bind(const ListenAddress& address) {
  try {
    return std::make_unique<prometheus::Exposer>(
        std::vector<std::string>{"listening_ports", ToString(address), "num_threads", kThreads,
                                 "request_timeout_ms", kRequestTimeoutMs});
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace

StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const ListenAddress& address,
                                                              Sources sources) {
  if (address.kind == ListenAddress::Kind::kUnix) {
    return InvalidArgument(
        fmt::format("[server] metrics-listen: {} is not HOST:PORT", ToString(address)));
  }
  std::unique_ptr<prometheus::Exposer> exposer = Bind(address);
  if (exposer == nullptr) {
    RETURN_IF_ERROR(DiagnoseBind(address, kMetricsListen));
    return CannotListen(address, kMetricsListen, "the HTTP server could not bind it");
  }
  ListenAddress bound = address;
  if (const std::vector<int> ports = exposer->GetListeningPorts(); !ports.empty()) {
    bound.port = static_cast<uint16_t>(ports.front());
  }
  return std::unique_ptr<MetricsServer>(
      std::make_unique<ExposerServer>(std::move(bound), std::move(exposer), std::move(sources)));
}

}  // namespace flatkv::server
