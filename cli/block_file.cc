#include "cli/block_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "cli/block_line.h"

namespace flatkv::cli {

StatusOr<std::unique_ptr<BlockFile>> BlockFile::Open(const std::string& path) {
  std::FILE* file = nullptr;
  if (path == "-") {
    const int copy = ::dup(STDIN_FILENO);
    file = copy < 0 ? nullptr : ::fdopen(copy, "r");
  } else {
    file = std::fopen(path.c_str(), "re");
  }
  if (file == nullptr) {
    return Recode(ErrnoStatus("open", path, errno), StatusCode::kInvalidArgument);
  }
  struct stat info {};
  std::optional<uint64_t> size;
  if (::fstat(::fileno(file), &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      std::fclose(file);
      return InvalidArgument(fmt::format("{} is a directory, not a change-log file", path));
    }
    if (S_ISREG(info.st_mode)) {
      size = static_cast<uint64_t>(info.st_size);
    }
  }
  return std::unique_ptr<BlockFile>(
      new BlockFile(file, path == "-" ? "standard input" : path, size));
}

StatusOr<std::optional<Block>> BlockFile::Next() {
  if (failed_) {
    return std::optional<Block>();
  }
  do {
    ASSIGN_OR_RETURN(const bool more, ReadLine());
    if (!more) {
      return std::optional<Block>();
    }
  } while (line_.find_first_not_of(" \t\r") == std::string_view::npos);

  StatusOr<Block> block = ParseBlockLine(line_);
  if (!block.ok()) {
    failed_ = true;
    return AtLine(MessageOf(block.status()));
  }
  if (last_version_ != 0 && block->version() != last_version_ + 1) {
    failed_ = true;
    return AtLine(fmt::format("version {} follows version {}; versions must be contiguous",
                              block->version(), last_version_));
  }
  last_version_ = block->version();
  return std::optional<Block>(*std::move(block));
}

Status BlockFile::AtLine(std::string_view what) const {
  return InvalidArgument(fmt::format("{}:{}: {}", name_, line_number_, what));
}

StatusOr<bool> BlockFile::ReadLine() {
  errno = 0;
  const ssize_t length = ::getline(&buffer_.text, &buffer_.capacity, file_.get());
  if (length < 0) {
    failed_ = true;
    if (std::ferror(file_.get()) != 0) {
      return Recode(ErrnoStatus("read", name_, errno), StatusCode::kInvalidArgument);
    }
    return false;
  }
  ++line_number_;
  bytes_read_ += static_cast<uint64_t>(length);
  line_ = std::string_view(buffer_.text, static_cast<size_t>(length));
  if (line_.ends_with('\n')) {
    line_.remove_suffix(1);
  }
  return true;
}

}  // namespace flatkv::cli
