#include "bench/workload.h"

#include <algorithm>

namespace flatkv::bench {
namespace {

// Blocks of the preload are of this size, so that they fit every limit on messages.
constexpr uint64_t kPreloadBlockRows = 50'000;

bool IsShare(double share) { return share >= 0 && share <= 1; }

}  // namespace

Status ValidateWorkload(const WorkloadOptions& options) {
  const RowChoice& choice = options.choice;
  if (options.rows == 0 || options.updates_per_block == 0) {
    return InvalidArgument("a workload needs at least one row and one update a block");
  }
  if (!IsShare(options.new_share) || !IsShare(options.delete_share) ||
      options.new_share + options.delete_share > 1) {
    return InvalidArgument("the shares of new and of removed rows are 0 to 1, and so is their sum");
  }
  if (!IsShare(choice.hot_share) || (choice.hot_share > 0) != (choice.hot_rows > 0)) {
    return InvalidArgument(
        "a hot set has both a share of the updates, 0 to 1, and a number of rows");
  }
  if (choice.hot_rows > options.rows) {
    return InvalidArgument("the hot rows are some of the preloaded ones: there are not that many");
  }
  if (!(choice.zipf_exponent > 0 && choice.zipf_exponent < 1)) {
    return InvalidArgument("the exponent of zipf lies between 0 and 1, both excluded");
  }
  return OkStatus();
}

Workload::Workload(const WorkloadOptions& options)
    : options_(options),
      chooser_(options.choice, options.rows),
      random_(options.seed),
      next_new_row_(options.rows) {}

uint64_t Workload::preload_blocks() const {
  return (options_.rows + kPreloadBlockRows - 1) / kPreloadBlockRows;
}

void Workload::Add(uint64_t row, bool remove, Block* block) {
  const RowKind kind = KindOf(options_.shape, row);
  AppendKey(kind, row, options_.seed, &block->bytes);
  const size_t key_end = block->bytes.size();
  if (!remove) {
    AppendValue(kind, &random_, &block->bytes);
  }
  pairs_.push_back({kind, key_end, block->bytes.size(), remove});
  row_numbers_.push_back(row);
}

void Workload::Finish(Block* block) {
  block->changes.clear();
  const char* const bytes = block->bytes.data();
  size_t begin = 0;
  for (const Pair& pair : pairs_) {
    const std::string_view module = ModuleOf(pair.kind);
    auto named = std::find_if(block->changes.begin(), block->changes.end(),
                              [&](const NamedChangeSet& set) { return set.module == module; });
    if (named == block->changes.end()) {
      named = block->changes.insert(named, NamedChangeSet{module, {}});
    }
    named->pairs.push_back({{bytes + begin, pair.key_end - begin},
                            {bytes + pair.key_end, pair.value_end - pair.key_end},
                            pair.remove});
    begin = pair.value_end;
  }
  block->updates = pairs_.size();
  std::sort(row_numbers_.begin(), row_numbers_.end());
  block->distinct_rows = static_cast<uint64_t>(
      std::unique(row_numbers_.begin(), row_numbers_.end()) - row_numbers_.begin());
  pairs_.clear();
  row_numbers_.clear();
}

void Workload::NextPreload(Block* block) {
  block->bytes.clear();
  const uint64_t end = std::min(options_.rows, preloaded_ + kPreloadBlockRows);
  for (; preloaded_ < end; ++preloaded_) {
    Add(preloaded_, false, block);
  }
  Finish(block);
}

void Workload::NextBlock(Block* block) {
  block->bytes.clear();
  const double updates = static_cast<double>(options_.updates_per_block);
  const auto new_rows = static_cast<uint64_t>(updates * options_.new_share);
  const auto removals = static_cast<uint64_t>(updates * options_.delete_share);
  for (uint64_t i = 0; i < options_.updates_per_block; ++i) {
    if (i < new_rows) {
      Add(next_new_row_++, false, block);
    } else {
      Add(chooser_.Choose(next_new_row_, &random_), i < new_rows + removals, block);
    }
  }
  Finish(block);
}

}  // namespace flatkv::bench
