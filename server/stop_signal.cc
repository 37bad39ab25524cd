#include "server/stop_signal.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

#include "flatkv/base/exit_codes.h"
#include "flatkv/base/thread_pool.h"

namespace flatkv::server {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

[[noreturn]] void ExitNow() {
  constexpr std::string_view kText =
      "flatkvd: stopped at once by a signal; the next start recovers what was acknowledged\n";
  static_cast<void>(!write(STDERR_FILENO, kText.data(), kText.size()));
  _exit(kExitInterrupted);
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this] { Watch(); });
}

StopSignal::~StopSignal() {
  {
    MutexLock lock(mu_);
    ending_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGTERM);  // wakes sigwait
  thread_.join();
}

void StopSignal::BeGraceful() {
  MutexLock lock(mu_);
  graceful_ = true;
}

bool StopSignal::WaitFor(std::chrono::milliseconds timeout) {
  MutexLock lock(mu_);
  if (!requested_) {
    changed_.WaitFor(mu_, timeout);
  }
  return requested_;
}

void StopSignal::Watch() {
  SetThreadName("flatkv-signals");
  const sigset_t signals = StopSignals();
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) {
      continue;
    }
    MutexLock lock(mu_);
    if (ending_) {
      return;
    }
    if (requested_ || !graceful_) {
      ExitNow();
    }
    requested_ = true;
    changed_.NotifyAll();
  }
}

}  // namespace flatkv::server
