// Unpacks the zlib stream (RFC 1950) that a PartReader gives.
//
// Thread safety: none.
#pragma once

#include <zlib.h>

#include <memory>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/sei/part_reader.h"

namespace flatkv {

class Inflater {
 public:
  explicit Inflater(std::unique_ptr<PartReader> source);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Up to `size_bytes` unpacked bytes; 0 at the end of a whole stream and only there. Errors:
  // kDataLoss with Reason::kArchiveCorrupt naming the file in which the stream is damaged, cut off
  // or longer than it says. REQUIRES: size_bytes > 0.
  StatusOr<size_t> Read(char* buffer, size_t size_bytes);

  const PartReader& source() const { return *source_; }
  // Packed bytes taken in.
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  Status Fill();
  Status CheckEnd();

  const std::unique_ptr<PartReader> source_;
  z_stream stream_{};
  std::string packed_;
  uint64_t bytes_read_ = 0;
  bool is_end_ = false;
};

}  // namespace flatkv
