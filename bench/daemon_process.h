// A flatkvd that a run starts, kills and stops.
//
// Thread safety: one thread at a time.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "bench/bench_home.h"
#include "config/config.h"
#include "flatkv/base/status.h"

namespace flatkv::bench {

enum class Transport { kUnix, kTcp };

struct DaemonOptions {
  std::string program;  // flatkvd
  Transport transport = Transport::kUnix;
  Config config;
};

class DaemonProcess {
 public:
  // Starts the daemon on the store in `home`, and returns when it serves: on a socket in `home`, or
  // on any free port of 127.0.0.1. Errors: kFailedPrecondition with the end of its log if it ends
  // before; kNotFound if there is no such program.
  static StatusOr<std::unique_ptr<DaemonProcess>> Start(const BenchHome& home,
                                                        const DaemonOptions& options);
  // Kills it if it still runs.
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }
  // SIGKILL, and waits until it is gone.
  void Kill();
  // SIGTERM, and waits until it has closed its store. Errors: kInternal with its exit code.
  Status Stop();

 private:
  DaemonProcess(pid_t pid, int output) : pid_(pid), output_(output) {}
  // Reads the daemon's output up to the line that names its address; false if it ends before.
  bool WaitUntilServing();
  int Wait();

  pid_t pid_;  // 0 when it has ended
  int output_;
  std::string address_;
};

}  // namespace flatkv::bench
