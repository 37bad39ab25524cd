// 128 bits that stand for a row's key.
//
// A fingerprint is SipHash-2-4 of the key under a secret that the process draws when the cache is
// made. Whatever keys a caller chooses, two of them have the same fingerprint with a probability of
// 2^-128, because SipHash under an unknown key cannot be told from a random function and the secret
// and the fingerprints never leave the process. A cache of 2^24 rows that is asked 100,000 times a
// second for a hundred years (2^48 lookups) takes one key for another with a probability below
// 2^-56: a memory error is far more likely. So the key itself, longer than most rows, need not be
// kept.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/codec/data_db.h"

namespace flatkv {

struct RowFingerprint {
  uint64_t low = 0;
  uint64_t high = 0;

  bool operator==(const RowFingerprint&) const = default;
};

// Makes fingerprints; thread-safe.
class RowFingerprinter {
 public:
  // With a secret of its own. Errors: kInternal when the system gives no random bytes.
  static StatusOr<RowFingerprinter> Create();
  // With a secret made from `seed`: the same fingerprints in every run, for tests only.
  static RowFingerprinter FromSeed(uint64_t seed);

  RowFingerprint Of(DataDb db, std::string_view key) const;

 private:
  using Secret = std::array<unsigned char, 16>;

  RowFingerprinter() = default;

  // One a data DB: the same key in two of them gives two fingerprints, with nothing put before it.
  std::array<Secret, kDataDbs> secrets_{};
};

}  // namespace flatkv
