// Change sets on their way to a version: what ApplyChangeSets gathered and Commit will log. Thread
// safety: one thread.
#pragma once

#include <memory>
#include <string>

#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"
#include "flatkv/store/state_hash.h"
#include "flatkv/store/store.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// The changelog payload of a version as it grows, one call at a time.
class PendingPayload {
 public:
  explicit PendingPayload(Version version);

  // The payload of one call on its own, and the digest by which a repeated call is recognised.
  struct Call {
    std::string payload;
    Digest digest{};
  };
  static Call Encode(Version version, const ChangeSets& changes);

  // Whether `call` repeats the last one added. Doing it again would change nothing: the last write
  // of a key wins.
  bool Repeats(const Call& call) const { return calls_ > 0 && call.digest == last_call_; }
  void Add(Call call);

  size_t calls() const { return calls_; }
  const std::string& payload() const { return payload_; }
  // SHA-256 of payload().
  Digest ContentDigest() const;

 private:
  size_t header_bytes_;
  std::string payload_;
  size_t calls_ = 0;
  Digest last_call_{};
};

// The head's successor while it is being built.
struct PendingVersion {
  explicit PendingVersion(Version v) : version(v), payload(v) { rows->version = v; }

  Version version;
  PendingPayload payload;
  std::shared_ptr<VersionRows> rows = std::make_shared<VersionRows>();
  StoreDelta delta;
  Digest root{};  // the working root
  CommitTimings timings;
};

}  // namespace flatkv
