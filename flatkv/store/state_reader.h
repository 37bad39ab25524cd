// What is asked of whole states, to find out how two of them differ: the hash log, digests of
// ranges, changes between versions, sizes. Reached through Store::state_reader(); a daemon serves
// the same over StateService. Everything here only reads, from views, beside commits.
//
// Thread safety: every method from any thread. Errors: those of Store::ViewAt for a version;
// kCancelled when `go_on` said so; kAborted with Reason::kRolledBack when a rollback takes away
// what is read; kDataLoss.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/store/compare_side.h"
#include "flatkv/store/state_sums.h"

namespace flatkv {

// Which versions can be asked.
struct VersionRanges {
  Suite suite = Suite::kSha256;
  std::string store_id;
  Version oldest_retained = 0;  // views reach from here; 0: there is no version yet
  Version head = 0;
  Version hash_log_first = 0;  // 0: the hash log is empty or off
  Version hash_log_last = 0;
};

struct DiffOptions {
  Version from = 0;
  Version to = 0;           // may be below `from`
  std::string module = {};  // empty: all
  // False: the values need not be right, only whether there are any, which spares a daemon's answer
  // most of its bytes.
  bool with_values = true;
  // Keys that the changelog names are held in memory up to this; above it both states are walked.
  uint64_t key_bytes_max = uint64_t{64} << 20;
};

// A key whose value is not the same at two versions.
struct KeyChange {
  std::string_view module;
  std::string_view key;
  std::optional<std::string_view> before;  // nullopt: it had no value
  std::optional<std::string_view> after;
};
// An error ends the walk. The views are valid for the call.
using OnKeyChange = std::function<Status(const KeyChange&)>;

enum class DiffMethod { kChangelog, kWalk };

struct SizeOptions {
  Version version = 0;  // 0: the head
  // The largest contracts to name; 0: contracts are not counted, and the answer comes at once.
  size_t top_contracts = 0;
};

// An EVM contract: rows of its storage, and its code.
struct ContractSize {
  std::string address;  // 20 bytes
  uint64_t storage_rows = 0;
  uint64_t storage_bytes = 0;  // physical keys and stored values, as is the next
  uint64_t code_bytes = 0;

  uint64_t bytes() const { return storage_bytes + code_bytes; }
};

struct ContractSizes {
  std::vector<ContractSize> largest;  // by bytes, descending; of equals the lower address first
  uint64_t contracts = 0;             // that have storage or code
};

struct StateSizes {
  Version version = 0;
  Digest root{};
  StateSums sums;
  ContractSizes contracts;
};

// States that can be compared.
class StateSource {
 public:
  virtual ~StateSource() = default;

  virtual StatusOr<VersionRanges> Ranges() = 0;
  // The state at a version, to be compared with another. `go_on` is asked in its calls.
  virtual StatusOr<std::unique_ptr<CompareSide>> SideAt(Version version, const GoOn& go_on) = 0;
};

class StateReader : public StateSource {
 public:
  // What the hash log has of the versions `first` .. `last`, ascending; an error of `use` ends it.
  // Errors: kOutOfRange with Reason::kVersionPruned or kVersionAboveHead, naming what there is.
  virtual Status ReadHashLog(Version first, Version last,
                             const std::function<Status(const VersionSums&)>& use) = 0;
  // Returns how the changes were found.
  virtual StatusOr<DiffMethod> Diff(const DiffOptions& options, const OnKeyChange& use,
                                    const GoOn& go_on) = 0;
  virtual StatusOr<StateSizes> Sizes(const SizeOptions& options, const GoOn& go_on) = 0;
};

}  // namespace flatkv
