#include "flatkv/store/pending_version.h"

#include "flatkv/base/sha256.h"
#include "flatkv/codec/changelog_entry.h"

namespace flatkv {

PendingPayload::PendingPayload(Version version) {
  AppendEntryVersion(version, &payload_);
  header_bytes_ = payload_.size();
}

PendingPayload::Call PendingPayload::Encode(Version version, const ChangeSets& changes) {
  Call call;
  call.payload.reserve(EncodedChangeSetsBytes(changes) + 16);
  AppendEntryVersion(version, &call.payload);
  AppendChangeSets(changes, &call.payload);
  call.digest = Sha256(call.payload);
  return call;
}

void PendingPayload::Add(Call call) {
  last_call_ = call.digest;
  if (calls_++ == 0) {
    payload_ = std::move(call.payload);
  } else {
    payload_.append(call.payload, header_bytes_);
  }
}

Digest PendingPayload::ContentDigest() const { return calls_ == 1 ? last_call_ : Sha256(payload_); }

}  // namespace flatkv
