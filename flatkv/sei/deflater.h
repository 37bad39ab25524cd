// Packs bytes into one zlib stream (RFC 1950) that goes to a PartWriter.
//
// Thread safety: none.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/sei/part_writer.h"

namespace flatkv {

class Deflater {
 public:
  // `target` outlives the object.
  explicit Deflater(PartWriter& target);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  Status Append(std::string_view bytes);
  // The end of the zlib stream; the target is left open.
  Status Finish();

 private:
  Status Run(std::string_view bytes, int flush);

  PartWriter& target_;
  z_stream stream_{};
  std::string packed_;
};

}  // namespace flatkv
