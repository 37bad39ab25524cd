// A function with a stack of its own that runs on the thread of whoever resumes it, until it
// pauses: Boost.Context, with what the sanitizers must be told of a change of stacks.
#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace flatkv {

// Thread safety: one thread at a time; resumed on the thread that started it.
class Fiber {
 public:
  // Runs on the `stack_bytes` below `stack_top`, which outlive it; starts with the first Resume.
  Fiber(char* stack_top, size_t stack_bytes, std::function<void()> function)
      : function_(std::move(function)), stack_{stack_top, stack_bytes} {
#if defined(__SANITIZE_THREAD__)
    tsan_fiber_ = __tsan_create_fiber(0);
#endif
    own_ = boost::context::fiber(std::allocator_arg, GivenStack{stack_},
                                 [this](boost::context::fiber&& resumer) {
                                   FinishSwitch(nullptr);
                                   resumer_ = std::move(resumer);
                                   function_();
                                   BeginSwitchBack(true);
                                   return std::move(resumer_);
                                 });
  }
  // REQUIRES: the function has returned, or was never begun.
  ~Fiber() {
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(tsan_fiber_);
#endif
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Returns when the function pauses or returns. REQUIRES: it has not returned.
  void Resume() {
#if defined(__SANITIZE_ADDRESS__)
    void* own_fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&own_fake_stack, stack_.top - stack_.bytes, stack_.bytes);
#endif
#if defined(__SANITIZE_THREAD__)
    tsan_resumer_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(tsan_fiber_, 0);
#endif
    own_ = std::move(own_).resume();
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(own_fake_stack, nullptr, nullptr);
#endif
  }
  // Called by the function: goes back to whoever resumed it.
  void Pause() {
    void* const fake_stack = BeginSwitchBack(false);
    resumer_ = std::move(resumer_).resume();
    FinishSwitch(fake_stack);
  }

 private:
  struct Stack {
    char* top;
    size_t bytes;
  };
  // What Boost.Context calls a stack allocator.
  struct GivenStack {
    Stack stack;
    boost::context::stack_context allocate() const {
      boost::context::stack_context context;
      context.sp = stack.top;
      context.size = stack.bytes;
      return context;
    }
    void deallocate(boost::context::stack_context&) const {}
  };

  // Returns what FinishSwitch takes after a pause.
  void* BeginSwitchBack([[maybe_unused]] bool for_good) {
    void* fake_stack = nullptr;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack, resumer_bottom_,
                                   resumer_bytes_);
#endif
#if defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(tsan_resumer_, 0);
#endif
    return fake_stack;
  }
  void FinishSwitch([[maybe_unused]] void* fake_stack) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_stack, &resumer_bottom_, &resumer_bytes_);
#endif
  }

  const std::function<void()> function_;
  const Stack stack_;
  boost::context::fiber own_;      // while it is paused
  boost::context::fiber resumer_;  // while it runs
#if defined(__SANITIZE_ADDRESS__)
  const void* resumer_bottom_ = nullptr;
  size_t resumer_bytes_ = 0;
#endif
#if defined(__SANITIZE_THREAD__)
  void* tsan_fiber_ = nullptr;
  void* tsan_resumer_ = nullptr;
#endif
};

}  // namespace flatkv
