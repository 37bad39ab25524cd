#include "flatkv/wal/wal_window.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "tests/support/status_matchers.h"

namespace flatkv::wal_internal {
namespace {

class StringFile : public RandomAccessFile {
 public:
  explicit StringFile(std::string bytes) : bytes_(std::move(bytes)) {}
  StatusOr<size_t> Read(uint64_t offset, size_t size_bytes, char* buffer) const override {
    const size_t begin = std::min<size_t>(offset, bytes_.size());
    const size_t count = std::min(size_bytes, bytes_.size() - begin);
    std::memcpy(buffer, bytes_.data() + begin, count);
    bytes_read += count;
    return count;
  }
  StatusOr<uint64_t> Size() const override { return bytes_.size(); }

  mutable uint64_t bytes_read = 0;

 private:
  const std::string bytes_;
};

std::string Bytes(size_t count) {
  std::mt19937_64 random(7);
  std::string bytes(count, '\0');
  for (char& c : bytes) {
    c = static_cast<char>(random());
  }
  return bytes;
}

TEST(FileWindow, ShowsTheFilesBytesWhereverItIsAsked) {
  const std::string bytes = Bytes(5000);
  const StringFile file(bytes);
  for (const size_t read_ahead : {size_t{0}, size_t{1}, size_t{100}, size_t{100000}}) {
    SCOPED_TRACE(read_ahead);
    FileWindow window(file, bytes.size(), read_ahead);
    std::mt19937_64 random(11);
    for (int i = 0; i < 3000; ++i) {
      const uint64_t offset = random() % 5200;
      const size_t size = random() % 700;
      ASSERT_OK_AND_ASSIGN(const std::string_view view, window.View(offset, size));
      ASSERT_EQ(view, offset < bytes.size() ? bytes.substr(offset, size) : "") << offset;
    }
  }
}

TEST(FileWindow, ReadsNothingTwiceGoingForward) {
  const std::string bytes = Bytes(10000);
  const StringFile file(bytes);
  FileWindow window(file, bytes.size(), 512);
  for (uint64_t offset = 0; offset < bytes.size(); offset += 300) {
    ASSERT_OK_AND_ASSIGN(const std::string_view head, window.View(offset, 100));
    ASSERT_EQ(head, bytes.substr(offset, 100));
    ASSERT_OK_AND_ASSIGN(const std::string_view all, window.View(offset, 700));
    ASSERT_EQ(all, bytes.substr(offset, 700));
  }
  EXPECT_EQ(file.bytes_read, bytes.size());
}

TEST(FileWindow, StopsAtItsLimitAndAtTheEndOfAShorterFile) {
  const std::string bytes = Bytes(100);
  const StringFile file(bytes);
  FileWindow limited(file, 60, 1000);
  EXPECT_EQ(limited.View(50, 100).value(), bytes.substr(50, 10));
  EXPECT_EQ(limited.View(60, 1).value(), "");
  EXPECT_EQ(file.bytes_read, 10u);
  FileWindow shrunk(file, 200, 1000);
  EXPECT_EQ(shrunk.View(90, 100).value(), bytes.substr(90));
  EXPECT_EQ(shrunk.View(150, 10).value(), "");
}

}  // namespace
}  // namespace flatkv::wal_internal
