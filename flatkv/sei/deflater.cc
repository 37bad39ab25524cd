#include "flatkv/sei/deflater.h"

#include <algorithm>
#include <limits>

#include "flatkv/base/check.h"

namespace flatkv {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 10;

}  // namespace

Deflater::Deflater(PartWriter& target) : target_(target), packed_(kBufferBytes, '\0') {
  // With valid arguments only a lack of memory is left, and that is a std::bad_alloc elsewhere.
  FLATKV_CHECK(deflateInit(&stream_, kSeiZlibLevel) == Z_OK);
}

Deflater::~Deflater() { deflateEnd(&stream_); }

Status Deflater::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view now = bytes.substr(0, std::numeric_limits<uInt>::max());
    RETURN_IF_ERROR(Run(now, Z_NO_FLUSH));
    bytes.remove_prefix(now.size());
  }
  return OkStatus();
}

Status Deflater::Finish() { return Run({}, Z_FINISH); }

Status Deflater::Run(std::string_view bytes, int flush) {
  // zlib reads them only; its interface has no const unless ZLIB_CONST is set.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_.avail_in = static_cast<uInt>(bytes.size());
  do {
    stream_.next_out = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_out = static_cast<uInt>(packed_.size());
    FLATKV_CHECK(deflate(&stream_, flush) != Z_STREAM_ERROR);
    const size_t size = packed_.size() - stream_.avail_out;
    if (size > 0) {
      RETURN_IF_ERROR(target_.Append({packed_.data(), size}));
    }
  } while (stream_.avail_out == 0);
  return OkStatus();
}

}  // namespace flatkv
