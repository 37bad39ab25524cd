// The calls that may run beside the writer: Sync, Find, NewReader, PruneBelow, the getters.
#include <atomic>
#include <thread>
#include <vector>

#include "flatkv/fs/posix_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

void ReadWhileItGrows(Wal& wal, const std::atomic<bool>& done) {
  while (!done) {
    // In this order the range cannot be empty: the end only grows.
    const Version first = wal.first_version();
    const Version last = wal.last_version();
    if (first == 0) {
      continue;
    }
    const auto reader = wal.NewReader(first, last);
    if (!reader.ok()) {
      ASSERT_THAT(reader, HasReason(Reason::kVersionPruned));
      continue;
    }
    for (Version version = first; version <= last; ++version) {
      const auto next = (*reader)->Next();
      if (!next.ok()) {
        ASSERT_THAT(next, HasReason(Reason::kVersionPruned));
        break;
      }
      ASSERT_EQ((*reader)->payload(), PayloadOf(version));
    }
  }
}

void SyncAndFind(Wal& wal, const std::atomic<bool>& done) {
  while (!done) {
    ASSERT_OK(wal.Sync());
    const Version last = wal.last_version();
    if (last != 0) {
      const auto info = wal.Find(last);
      if (!info.ok()) {
        ASSERT_THAT(info, HasReason(Reason::kVersionPruned));
        continue;
      }
      ASSERT_EQ(info->root, RootOf(last));
    }
    ASSERT_GE(wal.Stats().segments, last == 0 ? 0u : 1u);
  }
}

// Two at a time want to remove the same segments.
void Prune(Wal& wal, const std::atomic<bool>& done) {
  while (!done) {
    const Version last = wal.last_version();
    if (last > 40) {
      ASSERT_OK(wal.PruneBelow(last - 40));
    }
  }
}

TEST(WalThreads, ReadersSyncsAndPrunesRunBesideAppendsAndRolls) {
  const TempDir dir;
  ASSERT_OK_AND_ASSIGN(
      const auto wal, Wal::Open(PosixFileSystem(), NullLogger(), dir.File("log"), SmallSegments()));
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  threads.emplace_back([&] { ReadWhileItGrows(*wal, done); });
  threads.emplace_back([&] { ReadWhileItGrows(*wal, done); });
  threads.emplace_back([&] { SyncAndFind(*wal, done); });
  threads.emplace_back([&] { Prune(*wal, done); });
  threads.emplace_back([&] { Prune(*wal, done); });
  Status status;
  for (Version version = 1; version <= 300 && status.ok(); ++version) {
    status = AppendOnly(*wal, version);
    if (status.ok() && version % 3 == 0) {
      status = wal->Acknowledge(version);
    }
  }
  done = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  ASSERT_OK(status);
  ASSERT_OK(wal->PruneBelow(260));
  EXPECT_GT(wal->first_version(), 200);
  EXPECT_EQ(ReadAll(*wal).value(), Records(wal->first_version(), 300));
  ASSERT_OK(wal->Close());
}

}  // namespace
}  // namespace flatkv::test
