#include "flatkv/sei/item_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "flatkv/codec/proto_wire.h"
#include "flatkv/sei/part_reader.h"

namespace flatkv {
namespace {

constexpr size_t kReadBufferBytes = size_t{256} << 10;

}  // namespace

StatusOr<std::unique_ptr<ItemReader>> ItemReader::Open(FileSystem& fs, const std::string& path,
                                                       uint64_t part_bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<PartReader> source, PartReader::Open(fs, path, part_bytes));
  return std::unique_ptr<ItemReader>(new ItemReader(std::move(source)));
}

Status ItemReader::Corrupt(std::string_view what) const {
  return SeiCorrupt(inflater_.source().path(),
                    fmt::format("item {}, at byte {} unpacked: {}", items_, item_offset_, what));
}

Status ItemReader::Fill(size_t bytes) {
  if (end_ - begin_ >= bytes) {
    return OkStatus();
  }
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() < std::max(bytes, kReadBufferBytes)) {
    buffer_.resize(std::max(bytes, kReadBufferBytes));
  }
  while (end_ < bytes) {
    ASSIGN_OR_RETURN(const size_t read,
                     inflater_.Read(buffer_.data() + end_, buffer_.size() - end_));
    if (read == 0) {
      return OkStatus();
    }
    end_ += read;
  }
  return OkStatus();
}

StatusOr<bool> ItemReader::Next(SeiItem* item) {
  RETURN_IF_ERROR(Fill(kVarintBytesMax));
  if (Unread().empty()) {
    return false;
  }
  ++items_;
  item_offset_ = next_offset_;
  std::string_view rest = Unread();
  uint64_t item_bytes = 0;
  if (!TakeVarint(&rest, &item_bytes)) {
    return Corrupt("its length is malformed");
  }
  if (item_bytes > kSeiItemBytesMax) {
    return Corrupt(fmt::format("it says that it has {} bytes, and an item has at most {}",
                               item_bytes, kSeiItemBytesMax));
  }
  const size_t length_bytes = Unread().size() - rest.size();
  RETURN_IF_ERROR(Fill(length_bytes + item_bytes));
  if (Unread().size() < length_bytes + item_bytes) {
    return Corrupt(fmt::format("the stream ends in it: it has {} bytes, {} follow", item_bytes,
                               Unread().size() - length_bytes));
  }
  if (!DecodeSeiItem(Unread().substr(length_bytes, item_bytes), item)) {
    return Corrupt("it is malformed, or of a kind that is not known");
  }
  begin_ += length_bytes + item_bytes;
  next_offset_ += length_bytes + item_bytes;
  return true;
}

}  // namespace flatkv
