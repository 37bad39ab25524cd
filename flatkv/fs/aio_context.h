// Reads that the kernel carries out while the thread goes on: Linux AIO (io_setup(2),
// io_submit(2), io_getevents(2)). Only reads past the page cache (O_DIRECT) are really carried out
// meanwhile. Preferred to io_uring, which costs as much here and which container runtimes forbid.
#pragma once

#include <linux/aio_abi.h>

#include <cstddef>
#include <span>

#include "flatkv/base/status.h"

namespace flatkv {

// Thread safety: one thread at a time.
class AioContext {
 public:
  // For up to `requests_max` requests under way. Errors: the kernel has no AIO, or no more of it
  // (fs.aio-max-nr).
  static StatusOr<AioContext> Create(size_t requests_max);
  AioContext(AioContext&& other) noexcept;
  AioContext(const AioContext&) = delete;
  AioContext& operator=(const AioContext&) = delete;
  // Waits for what is under way.
  ~AioContext();

  // How many of the first ones are under way now; each stays where it is until Wait gives it back.
  // When it is none, *error says why the first one was refused. REQUIRES: not empty.
  size_t Submit(std::span<iocb*> requests, int* error);
  // Waits until `at_least` have ended; the first of `ended` that are set. REQUIRES: so many are
  // under way; at_least <= ended.size().
  size_t Wait(size_t at_least, std::span<io_event> ended);

 private:
  explicit AioContext(aio_context_t context) : context_(context) {}

  aio_context_t context_;  // 0: moved from
};

}  // namespace flatkv
