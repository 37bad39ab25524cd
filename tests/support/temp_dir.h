// A directory on the real file system for one test.
#pragma once

#include <string>
#include <string_view>

namespace flatkv::test {

class TempDir {
 public:
  // Makes a fresh directory below $TMPDIR or /tmp.
  TempDir();
  // Removes it with everything in it.
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // path()/name
  std::string File(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace flatkv::test
