#include "bench/change_set_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "flatkv/codec/changelog_entry.h"
#include "flatkv/fs/durable.h"

namespace flatkv::bench {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
constexpr size_t kVarintBytesMax = 10;
// What a store accepts in one version (ChangeSetLimits), with its framing.
constexpr uint64_t kEntryBytesMax = uint64_t{257} << 20;

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(value | 0x80));
  }
  out->push_back(static_cast<char>(value));
}

void CountRows(Block* block) {
  block->updates = 0;
  for (const NamedChangeSet& named : block->changes) {
    block->updates += named.pairs.size();
  }
  block->distinct_rows = 0;  // not known
}

}  // namespace

StatusOr<std::unique_ptr<ChangeSetFileWriter>> ChangeSetFileWriter::Create(
    FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
  if (exists) {
    return AlreadyExists(fmt::format("{} exists: name a new file", path));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, fs.Create(path));
  return std::unique_ptr<ChangeSetFileWriter>(new ChangeSetFileWriter(std::move(file)));
}

Status ChangeSetFileWriter::Add(Version version, const ChangeSets& changes) {
  entry_.clear();
  AppendEntryVersion(version, &entry_);
  AppendChangeSets(changes, &entry_);
  const size_t before = buffer_.size();
  AppendVarint(entry_.size(), &buffer_);
  buffer_ += entry_;
  bytes_ += buffer_.size() - before;
  if (buffer_.size() < kBufferBytes) {
    return OkStatus();
  }
  RETURN_IF_ERROR(file_->Append(buffer_));
  buffer_.clear();
  return OkStatus();
}

Status ChangeSetFileWriter::Finish() {
  RETURN_IF_ERROR(file_->Append(buffer_));
  buffer_.clear();
  RETURN_IF_ERROR(file_->Sync());
  return file_->Close();
}

StatusOr<std::unique_ptr<ChangeSetFileReader>> ChangeSetFileReader::Open(FileSystem& fs,
                                                                         const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<RandomAccessFile> file, fs.OpenRead(path));
  ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  return std::unique_ptr<ChangeSetFileReader>(new ChangeSetFileReader(std::move(file), path, size));
}

Status ChangeSetFileReader::Damaged(std::string_view what) const {
  return DataLoss(fmt::format("{}, entry at offset {} (after version {}): {}", path_, entry_offset_,
                              version_, what));
}

StatusOr<uint64_t> ChangeSetFileReader::ReadLength() {
  char bytes[kVarintBytesMax];
  ASSIGN_OR_RETURN(const size_t read, file_->Read(offset_, sizeof(bytes), bytes));
  uint64_t length = 0;
  for (size_t i = 0; i < read; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    length |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) {
      offset_ += i + 1;
      return length;
    }
  }
  return Damaged(read < sizeof(bytes) ? "the file ends within a length" : "no valid length");
}

StatusOr<bool> ChangeSetFileReader::Next(Block* block) {
  entry_offset_ = offset_;
  if (offset_ >= size_) {
    return false;
  }
  ASSIGN_OR_RETURN(const uint64_t length, ReadLength());
  if (length > kEntryBytesMax) {
    return Damaged(fmt::format("a length of {} bytes, more than a version may have", length));
  }
  if (length > size_ - offset_) {
    return Damaged(fmt::format("{} bytes announced, {} there: the file is cut short", length,
                               size_ - offset_));
  }
  block->bytes.resize(length);
  ASSIGN_OR_RETURN(const size_t read, file_->Read(offset_, length, block->bytes.data()));
  if (read != length) {
    return Damaged("the file has become shorter");
  }
  StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry({block->bytes.data(), length});
  if (!entry.ok()) {
    return Damaged(MessageOf(entry.status()));
  }
  if (entry->version < 1 || (version_ != 0 && entry->version != version_ + 1)) {
    return Damaged(fmt::format("version {} does not follow", entry->version));
  }
  block->changes = std::move(entry->changes);
  CountRows(block);
  version_ = entry->version;
  offset_ += length;
  return true;
}

}  // namespace flatkv::bench
