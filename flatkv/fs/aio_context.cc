#include "flatkv/fs/aio_context.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "flatkv/base/check.h"

namespace flatkv {

StatusOr<AioContext> AioContext::Create(size_t requests_max) {
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, static_cast<unsigned>(requests_max), &context) != 0) {
    return ErrnoStatus("io_setup", "asynchronous reads", errno);
  }
  return AioContext(context);
}

AioContext::AioContext(AioContext&& other) noexcept
    : context_(std::exchange(other.context_, aio_context_t{0})) {}

AioContext::~AioContext() {
  if (context_ != 0) {
    FLATKV_CHECK(::syscall(SYS_io_destroy, context_) == 0);
  }
}

size_t AioContext::Submit(std::span<iocb*> requests, int* error) {
  const long taken =
      ::syscall(SYS_io_submit, context_, static_cast<long>(requests.size()), requests.data());
  *error = taken < 0 ? errno : EAGAIN;
  return taken < 0 ? 0 : static_cast<size_t>(taken);
}

size_t AioContext::Wait(size_t at_least, std::span<io_event> ended) {
  long count = -1;
  do {
    count = ::syscall(SYS_io_getevents, context_, static_cast<long>(at_least),
                      static_cast<long>(ended.size()), ended.data(), nullptr);
    FLATKV_CHECK(count >= 0 || errno == EINTR);
  } while (count < 0);
  return static_cast<size_t>(count);
}

}  // namespace flatkv
