#include "flatkv/filter/filter_digest.h"

#include <xxhash.h>

#include "flatkv/base/check.h"

namespace flatkv::filter_internal {

FilterDigest::FilterDigest() : state_(XXH3_createState()) {
  FLATKV_CHECK(state_ != nullptr && XXH3_128bits_reset(state_.get()) == XXH_OK);
}

void FilterDigest::Add(std::string_view bytes) {
  FLATKV_CHECK(XXH3_128bits_update(state_.get(), bytes.data(), bytes.size()) == XXH_OK);
}

std::string FilterDigest::Bytes() const {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
  return {reinterpret_cast<const char*>(canonical.digest), sizeof(canonical.digest)};
}

void FilterDigest::FreeState::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

}  // namespace flatkv::filter_internal
