// Hashes rows into an LtHash with the kernel of a suite that is fastest on this CPU.
//
// expand(row) is over le32(len key) key le32(len value) value:
//   sha256: MGF1-SHA-256 (RFC 8017, B.2.1) to 2048 bytes over the seed SHA-256(input)
//   blake3: the first 2048 bytes of BLAKE3's extended output (BLAKE3 specification, 2.6)
// Every kernel gives the same bits; the tests compare them with the portable one, OpenSSL and
// golden vectors.
//
// Thread safety: const after construction; Accumulate may run on many threads, each with its own
// sum.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/lthash/lthash.h"

namespace flatkv {

// One row to add to or to subtract from a sum. The views are borrowed for the call.
struct RowElement {
  std::string_view key;
  std::string_view value;
  bool subtract = false;
};

// Adds and subtracts all elements into *sum.
using AccumulateFunction = void (*)(std::span<const RowElement> elements, LtHash* sum);

struct RowKernel {
  std::string_view name;  // "portable", "openssl", "avx2", "avx512", "sha-ni" ...
  AccumulateFunction accumulate;
};

// The kernels of a suite that this CPU can run, fastest first; the portable one (sha256: OpenSSL)
// is always last.
std::vector<RowKernel> RowKernels(Suite suite);

class RowHasher {
 public:
  // Uses the fastest kernel.
  explicit RowHasher(Suite suite);
  RowHasher(Suite suite, RowKernel kernel) : suite_(suite), kernel_(kernel) {}

  Suite suite() const { return suite_; }
  std::string_view kernel_name() const { return kernel_.name; }

  void Accumulate(std::span<const RowElement> elements, LtHash* sum) const {
    kernel_.accumulate(elements, sum);
  }
  // checksum(vector): the 32-byte root, SHA-256 or BLAKE3-256 of LtHash::bytes().
  Digest Checksum(const LtHash& sum) const;

 private:
  Suite suite_;
  RowKernel kernel_;
};

}  // namespace flatkv
