// Reads a change-log file version by version; only the line at hand is in memory.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/block.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

class BlockFile {
 public:
  // "-" is standard input. Errors: kInvalidArgument when the file cannot be read.
  static StatusOr<std::unique_ptr<BlockFile>> Open(const std::string& path);

  // The next version, or nullopt after the last. Empty lines are skipped.
  // Errors: kInvalidArgument "FILE:LINE: what": a line that is no block, or whose version does not
  // follow the line before. The reader then stays at its end.
  StatusOr<std::optional<Block>> Next();

  uint64_t bytes_read() const { return bytes_read_; }
  // Unset for pipes.
  std::optional<uint64_t> size_bytes() const { return size_bytes_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  // getline(3) owns and grows it.
  struct LineBuffer {
    LineBuffer() = default;
    ~LineBuffer() { std::free(text); }
    LineBuffer(const LineBuffer&) = delete;
    LineBuffer& operator=(const LineBuffer&) = delete;
    char* text = nullptr;
    size_t capacity = 0;
  };

  BlockFile(std::FILE* file, std::string name, std::optional<uint64_t> size_bytes)
      : file_(file), name_(std::move(name)), size_bytes_(size_bytes) {}

  Status AtLine(std::string_view what) const;
  // False at the end of the file.
  StatusOr<bool> ReadLine();

  std::unique_ptr<std::FILE, Closer> file_;
  const std::string name_;
  const std::optional<uint64_t> size_bytes_;
  LineBuffer buffer_;
  std::string_view line_;  // in buffer_, without its newline
  uint64_t line_number_ = 0;
  uint64_t bytes_read_ = 0;
  Version last_version_ = 0;
  bool failed_ = false;  // at the end, or at an error
};

}  // namespace flatkv::cli
