#include "flatkv/snapshot/file_hasher.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>

#include "flatkv/base/check.h"

namespace flatkv {

FileHasher::FileHasher() : state_(XXH3_createState()) {
  FLATKV_CHECK(state_ != nullptr && XXH3_128bits_reset(state_.get()) == XXH_OK);
}

void FileHasher::Add(std::string_view bytes) {
  FLATKV_CHECK(XXH3_128bits_update(state_.get(), bytes.data(), bytes.size()) == XXH_OK);
}

FileDigest FileHasher::Digest() const {
  // The canonical form is big-endian.
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
  FileDigest digest;
  static_assert(sizeof(canonical.digest) == sizeof(digest));
  std::copy(std::begin(canonical.digest), std::end(canonical.digest), digest.begin());
  return digest;
}

void FileHasher::FreeState::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

}  // namespace flatkv
