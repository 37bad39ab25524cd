// The items of a Sei stream, in order.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/sei/inflater.h"
#include "flatkv/sei/sei_item.h"

namespace flatkv {

class ItemReader {
 public:
  // Errors: those of PartReader::Open.
  static StatusOr<std::unique_ptr<ItemReader>> Open(FileSystem& fs, const std::string& path,
                                                    uint64_t part_bytes = kSeiPartBytes);

  // False at the end of the whole stream. The item views bytes that live until the next call.
  // Errors: kDataLoss with Reason::kArchiveCorrupt, naming what is damaged and where.
  StatusOr<bool> Next(SeiItem* item);

  // kDataLoss with Reason::kArchiveCorrupt, naming the item that Next gave last.
  Status Corrupt(std::string_view what) const;

  // Packed bytes: those read so far, and all of them.
  uint64_t bytes_read() const { return inflater_.bytes_read(); }
  uint64_t bytes_total() const { return inflater_.source().size_bytes(); }
  uint64_t items() const { return items_; }

 private:
  explicit ItemReader(std::unique_ptr<PartReader> source) : inflater_(std::move(source)) {}

  std::string_view Unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  // Makes Unread() at least `bytes` long, unless the stream ends before.
  Status Fill(size_t bytes);

  Inflater inflater_;
  std::string buffer_;  // begin_ to end_: unpacked and not read yet
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t items_ = 0;
  uint64_t item_offset_ = 0;  // of the last item, in the unpacked stream
  uint64_t next_offset_ = 0;
};

}  // namespace flatkv
