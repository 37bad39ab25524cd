#include "cli/commit_window.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace flatkv::cli {
namespace {

TEST(CommitWindow, ALargeRequestGoesAlone) {
  CommitWindow window(10, 100);
  EXPECT_TRUE(window.Reserve(1000));
  EXPECT_EQ(window.outstanding(), 1u);
  EXPECT_TRUE(window.Release());
  EXPECT_FALSE(window.Release()) << "nothing is outstanding";
}

TEST(CommitWindow, NeverHoldsMoreThanItsBounds) {
  constexpr size_t kRequests = 5;
  constexpr uint64_t kBytes = 100;
  CommitWindow window(kRequests, kBytes);
  std::atomic<size_t> largest = 0;
  std::thread releaser([&] {
    for (int released = 0; released < 3000;) {
      largest = std::max(largest.load(), window.outstanding());
      released += window.Release() ? 1 : 0;
    }
  });
  for (int i = 0; i < 3000; ++i) {
    // 10 bytes: the number is the bound; 40 bytes: two fit.
    ASSERT_TRUE(window.Reserve(i < 1500 ? 10 : 40));
  }
  releaser.join();
  EXPECT_LE(largest.load(), kRequests);
  EXPECT_EQ(window.outstanding(), 0u);
}

TEST(CommitWindow, BytesBoundTheRequests) {
  CommitWindow window(10, 100);
  ASSERT_TRUE(window.Reserve(60));
  std::thread closer([&window] { window.Close(); });
  EXPECT_FALSE(window.Reserve(60)) << "it has to wait until the window is closed";
  closer.join();
  EXPECT_EQ(window.outstanding(), 1u);
}

TEST(CommitWindow, CloseEndsAllReserves) {
  CommitWindow window(1, 100);
  window.Close();
  EXPECT_FALSE(window.Reserve(1));
}

}  // namespace
}  // namespace flatkv::cli
