#include "flatkv/lthash/lane_accumulate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "flatkv/base/endian.h"
#include "flatkv/lthash/blake3_portable.h"
#include "flatkv/lthash/row_input.h"
#include "flatkv/lthash/sha256_openssl.h"

namespace flatkv::internal {
namespace {

// Longer inputs are hashed one by one: BLAKE3 builds its tree of chunks, and for SHA-256 nothing
// beats OpenSSL there.
constexpr size_t kPackedBlocksMax = kBlake3ChunkBytes / kBlockBytes;

// What differs between the suites.
template <class Nodes>
struct SuiteRules;

template <>
struct SuiteRules<Blake3Nodes> {
  using Kernel = Blake3LaneKernel;
  static constexpr size_t kBlockWords = 16;  // Of output.

  static size_t Blocks(size_t size) {
    return size == 0 ? 1 : (size + kBlockBytes - 1) / kBlockBytes;
  }
  static void Pad(uint8_t* end, uint8_t* padded_end, size_t /*size*/) {
    std::memset(end, 0, static_cast<size_t>(padded_end - end));
  }
  static void HashLong(const Kernel& kernel, const RowElement& row, Blake3Nodes* nodes) {
    const RowInputPieces input(row);
    const Blake3Node root = Blake3Root(input.pieces(), &kernel);
    for (size_t i = 0; i < 8; ++i) nodes->chaining[i][0] = root.chaining[i];
    for (size_t i = 0; i < 16; ++i) nodes->block[i][0] = root.block[i];
    nodes->block_size[0] = root.block_size;
    nodes->flags[0] = root.flags;
  }
};

template <>
struct SuiteRules<Sha256Seeds> {
  using Kernel = LaneKernel<Sha256Seeds>;
  static constexpr size_t kBlockWords = 8;

  // FIPS 180-4, 5.1.1: a one bit, zeros, and the length in bits in the last 8 bytes.
  static size_t Blocks(size_t size) {
    return (size + 1 + sizeof(uint64_t) + kBlockBytes - 1) / kBlockBytes;
  }
  static void Pad(uint8_t* end, uint8_t* padded_end, size_t size) {
    std::memset(end, 0, static_cast<size_t>(padded_end - end));
    *end = 0x80;
    StoreBe64(padded_end - sizeof(uint64_t), uint64_t{8} * size);
  }
  static void HashLong(const Kernel& /*kernel*/, const RowElement& row, Sha256Seeds* seeds) {
    const Digest seed = Sha256Seed(row);
    for (size_t i = 0; i < 8; ++i) seeds->words[i][0] = __builtin_bswap32(LoadLe32(&seed[4 * i]));
  }
};

template <class Nodes>
class LaneAccumulator {
 public:
  using Rules = SuiteRules<Nodes>;
  using Kernel = typename Rules::Kernel;

  explicit LaneAccumulator(const Kernel& kernel) : kernel_(kernel) {}

  void Add(const RowElement& row) {
    const size_t blocks = Rules::Blocks(RowInputSize(row));
    if (blocks > kPackedBlocksMax) {
      Nodes nodes{};
      Rules::HashLong(kernel_, row, &nodes);
      kernel_.expand(nodes, &row.subtract, 1, &sums_);
      return;
    }
    // Lanes run as long as the longest of them, so rows share a group with rows of at most twice
    // their blocks.
    const size_t length_class = static_cast<size_t>(std::bit_width((blocks - 1) / 2));
    Pending& pending = pending_[length_class];
    pending.rows[pending.count++] = &row;
    if (pending.count == kGroupRows) HashGroup(&pending);
  }

  void Finish(LtHash* sum) {
    for (Pending& pending : pending_) {
      if (pending.count > 0) HashGroup(&pending);
    }
    LtHash transposed = Lattice(sums_.words[0]);
    transposed -= Lattice(sums_.words[1]);
    *sum += Untransposed(transposed);
  }

 private:
  struct Pending {
    size_t count = 0;
    std::array<const RowElement*, kGroupRows> rows;
  };

  void HashGroup(Pending* pending) {
    PackedRows packed;
    std::array<bool, kGroupRows> subtract;
    packed.count = pending->count;
    packed.blocks_max = 0;
    uint8_t* out = buffer_;
    for (size_t i = 0; i < pending->count; ++i) {
      const RowElement& row = *pending->rows[i];
      const size_t size = RowInputSize(row);
      const size_t blocks = Rules::Blocks(size);
      uint8_t* const padded_end = out + blocks * kBlockBytes;
      Rules::Pad(PackRowInput(row, out), padded_end, size);
      packed.inputs[i] = out;
      packed.sizes[i] = static_cast<uint32_t>(size);
      packed.blocks[i] = static_cast<uint32_t>(blocks);
      packed.blocks_max = std::max(packed.blocks_max, packed.blocks[i]);
      subtract[i] = row.subtract;
      out = padded_end;
    }
    for (size_t i = pending->count; i < kGroupRows; ++i) {
      packed.inputs[i] = packed.inputs[0];
      packed.sizes[i] = packed.sizes[0];
      packed.blocks[i] = packed.blocks[0];
    }
    Nodes nodes;
    kernel_.hash(packed, &nodes);
    kernel_.expand(nodes, subtract.data(), pending->count, &sums_);
    pending->count = 0;
  }

  static LtHash Lattice(const uint32_t (&words)[kExpansionWords]) {
    return LtHash::FromBytes({reinterpret_cast<const char*>(words), sizeof(words)});
  }

  LtHash Untransposed(const LtHash& transposed) const {
    LtHash hash;
    const size_t lanes = kernel_.lanes;
    const char* from = transposed.bytes().data();
    for (size_t group = 0; group < kExpansionWords; group += lanes * Rules::kBlockWords) {
      for (size_t word = 0; word < Rules::kBlockWords; ++word) {
        for (size_t lane = 0; lane < lanes; ++lane) {
          const size_t to = group + lane * Rules::kBlockWords + word;
          StoreLe32(hash.lanes() + 2 * to, LoadLe32(from));
          from += sizeof(uint32_t);
        }
      }
    }
    return hash;
  }

  alignas(64) uint8_t buffer_[kGroupRows * kPackedBlocksMax * kBlockBytes];
  LaneSums sums_{};
  std::array<Pending, std::bit_width((kPackedBlocksMax - 1) / 2) + 1> pending_;
  const Kernel& kernel_;
};

template <class Nodes>
void Accumulate(const typename SuiteRules<Nodes>::Kernel& kernel,
                std::span<const RowElement> elements, LtHash* sum) {
  if (elements.empty()) return;
  LaneAccumulator<Nodes> accumulator(kernel);
  for (const RowElement& row : elements) accumulator.Add(row);
  accumulator.Finish(sum);
}

}  // namespace

void AccumulateInLanes(const Blake3LaneKernel& kernel, std::span<const RowElement> elements,
                       LtHash* sum) {
  Accumulate<Blake3Nodes>(kernel, elements, sum);
}

void AccumulateInLanes(const LaneKernel<Sha256Seeds>& kernel, std::span<const RowElement> elements,
                       LtHash* sum) {
  Accumulate<Sha256Seeds>(kernel, elements, sum);
}

}  // namespace flatkv::internal
