// The directory of one run: absent or empty before, as it was before afterwards.
#pragma once

#include <memory>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv::bench {

// Only what runs put there is ever removed: names listed in bench_home.cc, and the directory itself
// if it was made here.
class BenchHome {
 public:
  // Makes `path` if it is absent. Errors: kFailedPrecondition if anything is in it, or it is no
  // directory.
  static StatusOr<std::unique_ptr<BenchHome>> Create(FileSystem& fs, const std::string& path,
                                                     bool keep);
  // Removes what the run has made, unless it is to be kept; also when the run has failed.
  ~BenchHome();
  BenchHome(const BenchHome&) = delete;
  BenchHome& operator=(const BenchHome&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(std::string_view name) const;
  // The disk space of everything below, hard links once.
  uint64_t DiskBytes() const;
  // Removes the store, for the next repetition.
  Status RemoveStore() const;

 private:
  BenchHome(FileSystem& fs, std::string path, bool keep, bool made)
      : fs_(fs), path_(std::move(path)), keep_(keep), made_(made) {}

  FileSystem& fs_;
  const std::string path_;
  const bool keep_;
  const bool made_;
};

// The names of a run in its home, beside the store in "flatkv".
inline constexpr char kPartsName[] = "parts";
inline constexpr char kDaemonSocketName[] = "bench.sock";
inline constexpr char kDaemonConfigName[] = "bench.toml";
inline constexpr char kDaemonLogName[] = "flatkvd.log";

}  // namespace flatkv::bench
