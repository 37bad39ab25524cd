#include "flatkv/base/anonymous_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"

namespace flatkv {
namespace {

using test::StatusIs;

char* BytesOf(const AnonymousMemory& memory) { return static_cast<char*>(memory.data()); }

size_t PageBytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

TEST(AnonymousMemory, IsZeroAndStartsOnAPage) {
  for (const size_t size_bytes : {size_t{1}, size_t{4096}, size_t{100'000}, size_t{5} << 20}) {
    ASSERT_OK_AND_ASSIGN(AnonymousMemory memory, AnonymousMemory::Map(size_bytes));
    ASSERT_EQ(memory.size_bytes(), size_bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % PageBytes(), 0u);
    char* const bytes = BytesOf(memory);
    EXPECT_TRUE(std::all_of(bytes, bytes + size_bytes, [](char byte) { return byte == 0; }));
    bytes[size_bytes - 1] = 'x';
    EXPECT_EQ(bytes[size_bytes - 1], 'x');
  }
}

TEST(AnonymousMemory, TakesNoPageBeforeItIsTouched) {
  const size_t size_bytes = size_t{64} << 20;
  ASSERT_OK_AND_ASSIGN(AnonymousMemory memory, AnonymousMemory::Map(size_bytes));
  std::vector<unsigned char> resident(size_bytes / PageBytes());
  ASSERT_EQ(mincore(memory.data(), size_bytes, resident.data()), 0);
  EXPECT_TRUE(std::all_of(resident.begin(), resident.end(),
                          [](unsigned char page) { return (page & 1) == 0; }));
}

TEST(AnonymousMemory, MovesLeaveTheSourceWithout) {
  ASSERT_OK_AND_ASSIGN(AnonymousMemory a, AnonymousMemory::Map(10));
  BytesOf(a)[3] = 'x';
  void* const data = a.data();
  AnonymousMemory b(std::move(a));
  EXPECT_EQ(b.data(), data);
  EXPECT_EQ(BytesOf(b)[3], 'x');
  // NOLINTNEXTLINE(bugprone-use-after-move): what a move leaves is promised.
  EXPECT_EQ(a.data(), nullptr);
  EXPECT_EQ(a.size_bytes(), 0u);
  ASSERT_OK_AND_ASSIGN(AnonymousMemory c, AnonymousMemory::Map(20));
  c = std::move(b);
  EXPECT_EQ(c.data(), data);
  EXPECT_EQ(c.size_bytes(), 10u);
  EXPECT_EQ(b.data(), nullptr);  // NOLINT(bugprone-use-after-move)
}

TEST(AnonymousMemory, OfNoBytesIsNone) {
  EXPECT_EQ(AnonymousMemory().data(), nullptr);
  ASSERT_OK_AND_ASSIGN(const AnonymousMemory memory, AnonymousMemory::Map(0));
  EXPECT_EQ(memory.data(), nullptr);
  EXPECT_EQ(memory.size_bytes(), 0u);
}

TEST(AnonymousMemory, SaysHowMuchCouldNotBeHad) {
  const size_t size_bytes = SIZE_MAX / 2;
  EXPECT_THAT(AnonymousMemory::Map(size_bytes),
              StatusIs(StatusCode::kResourceExhausted,
                       ::testing::HasSubstr(std::to_string(size_bytes) + " bytes of memory")));
}

}  // namespace
}  // namespace flatkv
