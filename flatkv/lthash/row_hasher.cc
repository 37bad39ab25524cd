#include "flatkv/lthash/row_hasher.h"

#include "flatkv/base/sha256.h"
#include "flatkv/lthash/blake3_portable.h"

namespace flatkv {

RowHasher::RowHasher(Suite suite) : RowHasher(suite, RowKernels(suite).front()) {}

Digest RowHasher::Checksum(const LtHash& sum) const {
  return suite_ == Suite::kBlake3 ? internal::Blake3Digest(sum.bytes()) : Sha256(sum.bytes());
}

}  // namespace flatkv
