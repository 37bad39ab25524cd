#include "cli/roots_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "flatkv/base/hex.h"

namespace flatkv::cli {

StatusOr<ExpectedRoots> LoadRootsFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Recode(ErrnoStatus("open", path, errno), StatusCode::kInvalidArgument);
  }
  ExpectedRoots roots;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] < '0' || line[0] > '9') {
      continue;
    }
    std::istringstream columns(line);
    Version version = 0;
    std::string text;
    columns >> version >> text;
    const StatusOr<std::string> bytes = HexDecode(text);
    Digest root{};
    if (columns.fail() || !bytes.ok() || bytes->size() != root.size()) {
      return InvalidArgument(fmt::format(
          "{}:{}: expected a version and a root of 64 hexadecimal digits", path, number));
    }
    std::copy(bytes->begin(), bytes->end(), root.begin());
    if (!roots.emplace(version, root).second) {
      return InvalidArgument(fmt::format("{}:{}: version {} comes twice", path, number, version));
    }
  }
  if (roots.empty()) {
    return InvalidArgument(fmt::format("{}: holds no line \"version root\"", path));
  }
  return roots;
}

}  // namespace flatkv::cli
