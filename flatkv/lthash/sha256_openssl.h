// The sha256 suite by OpenSSL alone: the reference kernel, and the seeds of rows that are too long
// for the lanes.
#pragma once

#include <span>

#include "flatkv/base/types.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::internal {

// SHA-256 of the row's input bytes: the seed of MGF1.
Digest Sha256Seed(const RowElement& row);

// An AccumulateFunction.
void AccumulateSha256OpenSsl(std::span<const RowElement> elements, LtHash* sum);

}  // namespace flatkv::internal
