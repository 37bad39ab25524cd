#include "flatkv/fs/page_cache_room.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace flatkv::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

class PageCacheRoomTest : public ::testing::Test {
 protected:
  PageCacheRoomTest() {
    Write("proc/meminfo", "MemTotal:       24684084 kB\nMemAvailable:   1024000 kB\n");
  }
  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = dir_.File(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void WriteGroup2(const std::string& path, const std::string& limit, uint64_t used, uint64_t file,
                   uint64_t shmem) {
    Write("cgroup" + path + "/memory.max", limit + "\n");
    Write("cgroup" + path + "/memory.current", std::to_string(used) + "\n");
    Write("cgroup" + path + "/memory.stat", "anon 5\nfile " + std::to_string(file) +
                                                "\nfile_mapped 77\nshmem " + std::to_string(shmem) +
                                                "\n");
  }
  uint64_t Room() const { return PageCacheRoom(dir_.File("proc"), dir_.File("cgroup")); }

  const TempDir dir_;
};

TEST_F(PageCacheRoomTest, IsWhatTheMachineHasAvailable) { EXPECT_EQ(Room(), 1000 * kMiB); }

TEST_F(PageCacheRoomTest, IsUnknownWhereNothingTells) {
  Write("proc/meminfo", "MemTotal: 5 kB\n");
  EXPECT_EQ(Room(), UINT64_MAX);
}

TEST_F(PageCacheRoomTest, IsWhatTheGroupLeavesBesideWhatCannotBeDropped) {
  Write("proc/self/cgroup", "0::/a/b\n");
  WriteGroup2("/a/b", std::to_string(800 * kMiB), 790 * kMiB, 100 * kMiB, 30 * kMiB);
  EXPECT_EQ(Room(), 80 * kMiB) << "800 - (790 - (100 - 30))";
}

TEST_F(PageCacheRoomTest, IsThatOfTheTightestGroupAbove) {
  Write("proc/self/cgroup", "0::/a/b\n");
  WriteGroup2("/a/b", "max", 790 * kMiB, 100 * kMiB, 0);
  WriteGroup2("/a", std::to_string(900 * kMiB), 900 * kMiB, 200 * kMiB, 0);
  WriteGroup2("", std::to_string(950 * kMiB), 900 * kMiB, 200 * kMiB, 0);
  EXPECT_EQ(Room(), 200 * kMiB);
}

TEST_F(PageCacheRoomTest, KnowsGroupsOfTheFirstVersion) {
  Write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a\n0::/\n");
  Write("cgroup/memory/a/memory.limit_in_bytes", std::to_string(800 * kMiB));
  Write("cgroup/memory/a/memory.usage_in_bytes", std::to_string(700 * kMiB));
  Write("cgroup/memory/a/memory.stat",
        "cache 1\ntotal_cache " + std::to_string(50 * kMiB) + "\ntotal_shmem 0\n");
  EXPECT_EQ(Room(), 150 * kMiB);
}

TEST_F(PageCacheRoomTest, FindsTheGroupOfAContainerWhosePathIsNotToBeSeen) {
  Write("proc/self/cgroup", "0::/docker/0123\n");
  WriteGroup2("", std::to_string(500 * kMiB), 400 * kMiB, 0, 0);
  EXPECT_EQ(Room(), 100 * kMiB);
}

TEST_F(PageCacheRoomTest, IsNothingInAGroupThatIsFull) {
  Write("proc/self/cgroup", "0::/\n");
  WriteGroup2("", std::to_string(500 * kMiB), 510 * kMiB, 0, 0);
  EXPECT_EQ(Room(), 0u);
}

TEST_F(PageCacheRoomTest, MakesNothingOfWhatItCannotRead) {
  Write("proc/self/cgroup", "nonsense\n:\n0:\n1:memory\n0::\n7:memory:relative\n");
  EXPECT_EQ(Room(), 1000 * kMiB);
}

TEST(PageCacheRoomOfThisMachine, IsKnown) {
  EXPECT_GT(PageCacheRoom(), 0u);
  EXPECT_NE(PageCacheRoom(), UINT64_MAX);
}

}  // namespace
}  // namespace flatkv::test
