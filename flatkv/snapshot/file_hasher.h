// The digest of a file's content, piece by piece: XXH3 128.
#pragma once

#include <memory>
#include <string_view>

#include "flatkv/snapshot/snapshot_manifest.h"

struct XXH3_state_s;

namespace flatkv {

class FileHasher {
 public:
  FileHasher();
  void Add(std::string_view bytes);
  // Of all bytes so far.
  FileDigest Digest() const;

 private:
  struct FreeState {
    void operator()(XXH3_state_s* state) const;
  };
  const std::unique_ptr<XXH3_state_s, FreeState> state_;
};

}  // namespace flatkv
