#include "flatkv/fs/overlapped_reads.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "flatkv/base/anonymous_memory.h"
#include "flatkv/base/check.h"
#include "flatkv/fs/aio_context.h"
#include "flatkv/fs/fiber.h"

namespace flatkv {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kStackBytes = size_t{256} << 10;
#else
constexpr size_t kStackBytes = size_t{64} << 10;
#endif
// What a read asks for, and what stands before and after it in its blocks.
constexpr size_t kBufferBytes = OverlappedReads::kReadBytesMax + 2 * DirectFile::kPageBytes;
// Of one task, downwards: its stack, a page that nobody may touch, its buffer.
constexpr size_t kTaskBytes = kBufferBytes + DirectFile::kPageBytes + kStackBytes;

// Answers to one round of tasks. More: fewer calls of the kernel. Fewer: the device never runs dry.
size_t AnswersToWaitFor(size_t under_way) { return std::max<size_t>(1, under_way / 4); }

thread_local OverlappedReads* running_reads = nullptr;

}  // namespace

class OverlappedReads::Tasks {
 public:
  Tasks(AioContext aio, AnonymousMemory memory, size_t tasks_max)
      : memory_(std::move(memory)), aio_(std::move(aio)), tasks_(tasks_max), answers_(tasks_max) {
    waiting_.reserve(tasks_max);
  }

  static StatusOr<std::unique_ptr<Tasks>> Create(size_t tasks_max) {
    ASSIGN_OR_RETURN(AioContext aio, AioContext::Create(tasks_max));
    ASSIGN_OR_RETURN(AnonymousMemory memory, AnonymousMemory::Map(tasks_max * kTaskBytes));
    for (size_t i = 0; i < tasks_max; ++i) {
      char* const guard = static_cast<char*>(memory.data()) + i * kTaskBytes + kBufferBytes;
      if (::mprotect(guard, DirectFile::kPageBytes, PROT_NONE) != 0) {
        return ErrnoStatus("protect", "a page below a stack", errno);
      }
    }
    return std::make_unique<Tasks>(std::move(aio), std::move(memory), tasks_max);
  }

  void Run(size_t count, const std::function<void()>& function) {
    FLATKV_CHECK(count <= tasks_.size());
    unfinished_ = count;
    for (size_t i = 0; i < count; ++i) {
      char* const begin = static_cast<char*>(memory_.data()) + i * kTaskBytes;
      tasks_[i].buffer = begin;
      tasks_[i].fiber = std::make_unique<Fiber>(begin + kTaskBytes, kStackBytes, [this, &function] {
        function();
        --unfinished_;
      });
      Resume(tasks_[i]);
    }
    while (unfinished_ > 0) {
      Submit();
      Wait();
    }
    for (size_t i = 0; i < count; ++i) {
      tasks_[i].fiber.reset();
    }
  }

  // What the kernel says of a read of the running task into its buffer: bytes, or an errno below 0.
  int64_t Read(int fd, uint64_t offset, uint64_t size_bytes) {
    Task& task = *running_;
    for (Task& other : tasks_) {
      if (other.is_waiting && other.request.aio_fildes == static_cast<uint32_t>(fd) &&
          other.request.aio_offset == static_cast<int64_t>(offset) &&
          other.request.aio_nbytes == size_bytes) {
        task.next_sharer = std::exchange(other.sharers, &task);
        task.fiber->Pause();
        return task.result;
      }
    }
    task.is_waiting = true;
    task.request = {};
    task.request.aio_lio_opcode = IOCB_CMD_PREAD;
    task.request.aio_fildes = static_cast<uint32_t>(fd);
    task.request.aio_buf = reinterpret_cast<uint64_t>(task.buffer);
    task.request.aio_nbytes = size_bytes;
    task.request.aio_offset = static_cast<int64_t>(offset);
    task.request.aio_data = reinterpret_cast<uint64_t>(&task);
    waiting_.push_back(&task.request);
    task.fiber->Pause();
    return task.result;
  }
  const char* buffer() const { return running_->buffer; }

 private:
  struct Task {
    std::unique_ptr<Fiber> fiber;
    char* buffer = nullptr;
    iocb request = {};
    bool is_waiting = false;      // for the answer to the request
    Task* sharers = nullptr;      // the first of those that wait for the same answer
    Task* next_sharer = nullptr;  // beside this one
    int64_t result = 0;
  };

  void Resume(Task& task) {
    running_ = &task;
    task.fiber->Resume();
  }

  void Answer(Task& task, int64_t result) {
    task.is_waiting = false;
    // While the answer is in the buffer: the task may read again.
    for (Task* sharer = std::exchange(task.sharers, nullptr); sharer != nullptr;) {
      Task* const next = std::exchange(sharer->next_sharer, nullptr);
      if (result > 0) {
        std::memcpy(sharer->buffer, task.buffer, static_cast<size_t>(result));
      }
      sharer->result = result;
      Resume(*sharer);
      sharer = next;
    }
    task.result = result;
    Resume(task);
  }

  void Submit() {
    std::span<iocb*> left(waiting_);
    while (!left.empty()) {
      int error = 0;
      const size_t taken = aio_.Submit(left, &error);
      under_way_ += taken;
      left = left.subspan(taken);
      if (taken == 0 && error == EAGAIN && under_way_ > 0) {
        break;  // the kernel has no room until some have ended
      }
      if (taken == 0) {
        refused_.emplace_back(reinterpret_cast<Task*>(left.front()->aio_data), -error);
        left = left.subspan(1);
      }
    }
    waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<ptrdiff_t>(left.size()));
    for (const auto& [task, error] : std::exchange(refused_, {})) {
      Answer(*task, error);
    }
  }

  void Wait() {
    if (under_way_ == 0) {
      return;
    }
    const size_t count = aio_.Wait(AnswersToWaitFor(under_way_), answers_);
    under_way_ -= count;
    for (const io_event& answer : std::span(answers_).first(count)) {
      Answer(*reinterpret_cast<Task*>(answer.data), answer.res);
    }
  }

  const AnonymousMemory memory_;
  AioContext aio_;
  std::vector<Task> tasks_;
  std::vector<io_event> answers_;
  std::vector<iocb*> waiting_;                      // to be handed to the kernel
  std::vector<std::pair<Task*, int64_t>> refused_;  // by the kernel, with its errno below 0
  size_t under_way_ = 0;
  size_t unfinished_ = 0;
  Task* running_ = nullptr;
};

OverlappedReads::OverlappedReads(std::unique_ptr<Tasks> tasks) : tasks_(std::move(tasks)) {}
OverlappedReads::~OverlappedReads() = default;

StatusOr<std::unique_ptr<OverlappedReads>> OverlappedReads::Create(size_t tasks_max) {
  ASSIGN_OR_RETURN(std::unique_ptr<Tasks> tasks, Tasks::Create(tasks_max));
  return std::unique_ptr<OverlappedReads>(new OverlappedReads(std::move(tasks)));
}

OverlappedReads* OverlappedReads::OfThisTask() { return running_reads; }

void OverlappedReads::Run(size_t tasks, const std::function<void()>& task) {
  FLATKV_CHECK(running_reads == nullptr);
  running_reads = this;
  tasks_->Run(tasks, task);
  running_reads = nullptr;
}

std::optional<size_t> OverlappedReads::Read(const DirectFile& file, uint64_t offset,
                                            size_t size_bytes, char* buffer) {
  FLATKV_CHECK(running_reads == this && size_bytes <= kReadBytesMax);
  const uint64_t mask = file.alignment_bytes() - 1;
  const uint64_t begin = offset & ~mask;
  const uint64_t end = (offset + size_bytes + mask) & ~mask;
  const int64_t result = tasks_->Read(file.fd(), begin, end - begin);
  // A file ends anywhere; a read that ends elsewhere before its end was cut short.
  const bool at_end = result >= 0 && (static_cast<uint64_t>(result) & mask) != 0;
  if (result < 0 || (static_cast<uint64_t>(result) < end - begin && !at_end)) {
    return std::nullopt;
  }
  ++reads_;
  const uint64_t before = offset - begin;
  const uint64_t got = static_cast<uint64_t>(result);
  const size_t size = got <= before ? 0 : std::min<size_t>(size_bytes, got - before);
  std::memcpy(buffer, tasks_->buffer() + before, size);
  return size;
}

}  // namespace flatkv
