// The hash kernels alone, on the rows that a store would hash.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::bench {

// What one block takes out of the hash and puts in; the views are of `bytes`.
struct HashBlock {
  std::vector<char> bytes;
  std::vector<RowElement> elements;
};

struct HashPart {
  Suite suite = Suite::kSha256;
  std::string kernel;
  size_t threads = 1;
  double ns_per_element = 0;  // wall time
  double ms_per_block = 0;
};

// The fastest kernel of `suite`, with the work of each block split over `threads` threads.
HashPart MeasureHash(Suite suite, size_t threads, const std::vector<HashBlock>& blocks);

nlohmann::json ToJson(const HashPart& part);

}  // namespace flatkv::bench
