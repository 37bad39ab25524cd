// XXH3 128 of a filter file's bytes, piece by piece, in xxHash's canonical (big-endian) form.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct XXH3_state_s;

namespace flatkv::filter_internal {

class FilterDigest {
 public:
  FilterDigest();
  void Add(std::string_view bytes);
  // 16 bytes: the digest of all bytes so far.
  std::string Bytes() const;

 private:
  struct FreeState {
    void operator()(XXH3_state_s* state) const;
  };
  const std::unique_ptr<XXH3_state_s, FreeState> state_;
};

}  // namespace flatkv::filter_internal
