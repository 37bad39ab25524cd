#include "flatkv/sei/inflater.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "flatkv/base/check.h"

namespace flatkv {
namespace {

constexpr size_t kInflateBufferBytes = size_t{256} << 10;

}  // namespace

Inflater::Inflater(std::unique_ptr<PartReader> source)
    : source_(std::move(source)), packed_(kInflateBufferBytes, '\0') {
  // With valid arguments only a lack of memory is left, and that is a std::bad_alloc elsewhere.
  FLATKV_CHECK(inflateInit(&stream_) == Z_OK);
}

Inflater::~Inflater() { inflateEnd(&stream_); }

Status Inflater::Fill() {
  ASSIGN_OR_RETURN(const size_t read, source_->Read(packed_.data(), packed_.size()));
  stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
  stream_.avail_in = static_cast<uInt>(read);
  bytes_read_ += read;
  return OkStatus();
}

Status Inflater::CheckEnd() {
  if (stream_.avail_in == 0) {
    RETURN_IF_ERROR(Fill());
  }
  return stream_.avail_in == 0
             ? OkStatus()
             : SeiCorrupt(source_->path(),
                          fmt::format("bytes follow the end of the stream in {}", source_->file()));
}

StatusOr<size_t> Inflater::Read(char* buffer, size_t size_bytes) {
  stream_.next_out = reinterpret_cast<Bytef*>(buffer);
  const auto wanted =
      static_cast<uInt>(std::min<size_t>(size_bytes, std::numeric_limits<uInt>::max()));
  stream_.avail_out = wanted;
  while (!is_end_ && stream_.avail_out == wanted) {
    if (stream_.avail_in == 0) {
      RETURN_IF_ERROR(Fill());
      if (stream_.avail_in == 0) {
        return SeiCorrupt(source_->path(),
                          fmt::format("it is cut off at the end of {}", source_->file()));
      }
    }
    const int result = inflate(&stream_, Z_NO_FLUSH);
    FLATKV_CHECK(result != Z_MEM_ERROR);
    if (result == Z_STREAM_END) {
      is_end_ = true;
      RETURN_IF_ERROR(CheckEnd());
    } else if (result != Z_OK) {
      return SeiCorrupt(source_->path(),
                        fmt::format("the compressed bytes are damaged in {}, byte {} of the "
                                    "stream or before: {}",
                                    source_->file(), bytes_read_ - stream_.avail_in,
                                    stream_.msg == nullptr ? "no zlib data" : stream_.msg));
    }
  }
  return wanted - stream_.avail_out;
}

}  // namespace flatkv
