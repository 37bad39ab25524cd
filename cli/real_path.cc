#include "cli/real_path.h"

#include <filesystem>
#include <system_error>

namespace flatkv::cli {

StatusOr<std::string> RealPath(const std::string& path) {
  if (path.empty()) {
    return InvalidArgument("an empty path names no directory");
  }
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  const std::filesystem::path real =
      error ? absolute : std::filesystem::weakly_canonical(absolute, error);
  if (error) {
    return ErrnoStatus("resolve", path, error.value());
  }
  std::string text = real.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') {
    text.pop_back();
  }
  return text;
}

}  // namespace flatkv::cli
