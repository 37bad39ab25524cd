#include "flatkv/fs/page_cache_room.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "flatkv/fs/unique_fd.h"

namespace flatkv {
namespace {

constexpr uint64_t kUnknown = std::numeric_limits<uint64_t>::max();
constexpr size_t kTextBytesMax = 16 << 10;

// What files of the two versions are called, and what they call page cache.
struct CgroupFiles {
  std::string_view limit;
  std::string_view usage;
  std::string_view cache;
  std::string_view shared;  // is part of the cache, but cannot be dropped
};
constexpr CgroupFiles kVersion1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache",
                                   "total_shmem"};
constexpr CgroupFiles kVersion2 = {"memory.max", "memory.current", "file", "shmem"};

// Files of /proc and /sys do not tell their size. Empty if there is none.
std::string ReadText(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(kTextBytesMax, '\0');
  size_t size = 0;
  for (ssize_t got = 1; fd.get() >= 0 && got > 0 && size < text.size();) {
    got = ::read(fd.get(), text.data() + size, text.size() - size);
    size += got > 0 ? static_cast<size_t>(got) : 0;
  }
  text.resize(size);
  return text;
}

// The number that `text` begins with.
std::optional<uint64_t> Number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

template <typename Use>
void ForEachLine(std::string_view text, Use use) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    use(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Of the line "name number" or "name: number".
std::optional<uint64_t> Field(std::string_view text, std::string_view name) {
  std::optional<uint64_t> found;
  ForEachLine(text, [&](std::string_view line) {
    if (line.starts_with(name)) {
      line.remove_prefix(name.size());
      if (line.starts_with(' ') || line.starts_with(':')) {
        found = Number(line.substr(1));
      }
    }
  });
  return found;
}

uint64_t RoomOfMachine(const std::string& proc) {
  const std::optional<uint64_t> kib = Field(ReadText(proc + "/meminfo"), "MemAvailable");
  return kib.has_value() ? *kib << 10 : kUnknown;
}

uint64_t RoomOfGroup(const std::string& directory, const CgroupFiles& files) {
  const auto read = [&](std::string_view name) {
    return ReadText(fmt::format("{}/{}", directory, name));
  };
  const std::optional<uint64_t> limit = Number(read(files.limit));  // "max": none
  const std::optional<uint64_t> usage = Number(read(files.usage));
  if (!limit.has_value() || !usage.has_value()) {
    return kUnknown;
  }
  const std::string stat = read("memory.stat");
  const uint64_t cache = Field(stat, files.cache).value_or(0);
  const uint64_t shared = std::min(Field(stat, files.shared).value_or(0), cache);
  const uint64_t used = *usage - std::min(cache - shared, *usage);
  return *limit - std::min(used, *limit);
}

// Of the group at `path`, and of those that it is in.
uint64_t RoomOfGroups(const std::string& mount, std::string path, const CgroupFiles& files) {
  uint64_t room = kUnknown;
  for (bool more = true; more;) {
    room = std::min(room, RoomOfGroup(mount + path, files));
    more = path.size() > 1;
    path.resize(more ? path.rfind('/') : 0);
  }
  return room;
}

// "4:memory:/path" of version 1, "0::/path" of version 2. In a container the path may be that of
// the machine, which is not to be seen there; the groups above it are then what is.
uint64_t RoomOfCgroups(const std::string& proc, const std::string& cgroup) {
  uint64_t room = kUnknown;
  ForEachLine(ReadText(proc + "/self/cgroup"), [&](std::string_view line) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', std::min(first, line.size() - 1) + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) {
      return;
    }
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));
    if (!path.starts_with('/')) {
      return;
    }
    if (controllers.empty()) {
      room = std::min(room, RoomOfGroups(cgroup, path, kVersion2));
    } else if (controllers == "memory") {
      room = std::min(room, RoomOfGroups(cgroup + "/memory", path, kVersion1));
    }
  });
  return room;
}

}  // namespace

uint64_t PageCacheRoom(const std::string& proc, const std::string& cgroup) {
  return std::min(RoomOfMachine(proc), RoomOfCgroups(proc, cgroup));
}

}  // namespace flatkv
