#include "flatkv/sei/part_reader.h"

#include <fmt/format.h>

#include <set>

#include "flatkv/fs/path.h"
#include "flatkv/sei/part_name.h"

namespace flatkv {

Status SeiCorrupt(std::string_view path, std::string_view what) {
  return WithReason(DataLoss(fmt::format("Sei stream {}: {}", path, what)),
                    Reason::kArchiveCorrupt);
}

StatusOr<std::unique_ptr<PartReader>> PartReader::Open(FileSystem& fs, const std::string& path,
                                                       uint64_t part_bytes) {
  ASSIGN_OR_RETURN(const FileInfo info, fs.Stat(path));
  std::unique_ptr<PartReader> reader(new PartReader(fs, path));
  if (info.type == FileType::kDirectory) {
    RETURN_IF_ERROR(reader->ListParts(part_bytes));
  } else {
    reader->files_.push_back(path);
    reader->size_bytes_ = info.size_bytes;
  }
  return reader;
}

Status PartReader::ListParts(uint64_t part_bytes) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(path_));
  std::set<uint64_t> numbers;
  for (const std::string& name : names) {
    if (const std::optional<uint64_t> number = PartNumber(name); number.has_value()) {
      numbers.insert(*number);
    }
  }
  if (numbers.empty()) {
    return SeiCorrupt(path_, "the directory holds no part files, which are named 0, 1, 2 ...");
  }
  std::vector<uint64_t> sizes;
  for (const uint64_t number : numbers) {
    // All below are there, or this would not be the next one.
    if (number != files_.size()) {
      return SeiCorrupt(
          path_, fmt::format("part {} is missing; there is a part {}", files_.size(), number));
    }
    files_.push_back(JoinPath(path_, PartName(number)));
    ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(files_.back()));
    if (info.type != FileType::kRegular) {
      return SeiCorrupt(path_, fmt::format("part {} is not a regular file", number));
    }
    sizes.push_back(info.size_bytes);
    size_bytes_ += info.size_bytes;
  }
  for (size_t number = 0; number + 1 < sizes.size(); ++number) {
    if (sizes[number] != part_bytes) {
      return SeiCorrupt(path_, fmt::format("part {} has {} bytes, and every part but the last has "
                                           "{}",
                                           number, sizes[number], part_bytes));
    }
  }
  if (sizes.back() == 0 || sizes.back() > part_bytes) {
    return SeiCorrupt(path_, fmt::format("part {}, the last, has {} bytes instead of 1 to {}",
                                         sizes.size() - 1, sizes.back(), part_bytes));
  }
  return OkStatus();
}

StatusOr<size_t> PartReader::Read(char* buffer, size_t size_bytes) {
  while (true) {
    if (file_ == nullptr) {
      ASSIGN_OR_RETURN(file_, fs_.OpenRead(files_[at_file_]));
      offset_ = 0;
    }
    ASSIGN_OR_RETURN(const size_t read, file_->Read(offset_, size_bytes, buffer));
    offset_ += read;
    if (read > 0 || at_file_ + 1 == files_.size()) {
      return read;
    }
    file_.reset();
    ++at_file_;
  }
}

}  // namespace flatkv
