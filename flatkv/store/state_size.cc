#include "flatkv/store/state_size.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "flatkv/codec/keys.h"

namespace flatkv {
namespace {

// Rows between two looks at whether to go on.
constexpr uint64_t kRowsPerLook = 1024;

// "evm/" and the prefix byte of the kind of key.
std::string PhysicalPrefix(char kind) {
  std::string prefix(kEvmModule);
  prefix.push_back('/');
  prefix.push_back(kind);
  return prefix;
}

bool IsLarger(const ContractSize& a, const ContractSize& b) {
  return a.bytes() != b.bytes() ? a.bytes() > b.bytes() : a.address < b.address;
}

// Keeps the largest: a heap whose first is the smallest of them.
class Largest {
 public:
  explicit Largest(size_t top) : top_(top) {}

  void Add(ContractSize contract) {
    ++sizes_.contracts;
    std::vector<ContractSize>& heap = sizes_.largest;
    if (heap.size() == top_) {
      if (top_ == 0 || !IsLarger(contract, heap.front())) {
        return;
      }
      std::pop_heap(heap.begin(), heap.end(), IsLarger);
      heap.pop_back();
    }
    heap.push_back(std::move(contract));
    std::push_heap(heap.begin(), heap.end(), IsLarger);
  }

  ContractSizes Take() {
    std::sort(sizes_.largest.begin(), sizes_.largest.end(), IsLarger);
    return std::move(sizes_);
  }

 private:
  const size_t top_;
  ContractSizes sizes_;
};

// The rows of one kind of key, with the address that each begins with.
class AddressWalk {
 public:
  AddressWalk(KvIterator& rows, char kind) : rows_(rows), prefix_(PhysicalPrefix(kind)) {
    rows_.Seek(prefix_);
  }

  bool Valid() const {
    return rows_.Valid() && rows_.key().starts_with(prefix_) &&
           rows_.key().size() >= prefix_.size() + kAddressBytes;
  }
  std::string_view address() const { return rows_.key().substr(prefix_.size(), kAddressBytes); }
  uint64_t bytes() const { return rows_.key().size() + rows_.value().size(); }
  void Next() { rows_.Next(); }
  Status status() const { return rows_.status(); }

 private:
  KvIterator& rows_;
  const std::string prefix_;
};

Status Look(const View& view, const GoOn& go_on) {
  if (view.ending()) {
    return WithReason(Aborted("the store was rolled back or closed meanwhile"),
                      Reason::kRolledBack);
  }
  return go_on == nullptr || go_on() ? OkStatus() : Cancelled("the walk was cancelled");
}

}  // namespace

StatusOr<ContractSizes> LargestContracts(View& view, size_t top, const GoOn& go_on) {
  Largest largest(top);
  const Status walk = view.WalkAllRows([&](const View::Iterators& rows) -> Status {
    AddressWalk storage(*rows[IndexOf(DataDb::kStorage)], kStoragePrefix);
    AddressWalk code(*rows[IndexOf(DataDb::kCode)], kCodePrefix);
    uint64_t walked = 0;
    while (storage.Valid() || code.Valid()) {
      ContractSize contract;
      contract.address = !code.Valid()      ? storage.address()
                         : !storage.Valid() ? code.address()
                                            : std::min(storage.address(), code.address());
      for (; storage.Valid() && storage.address() == contract.address; storage.Next()) {
        if (walked++ % kRowsPerLook == 0) {
          RETURN_IF_ERROR(Look(view, go_on));
        }
        contract.storage_rows += 1;
        contract.storage_bytes += storage.bytes();
      }
      for (; code.Valid() && code.address() == contract.address; code.Next()) {
        if (walked++ % kRowsPerLook == 0) {
          RETURN_IF_ERROR(Look(view, go_on));
        }
        contract.code_bytes += code.bytes();
      }
      largest.Add(std::move(contract));
    }
    RETURN_IF_ERROR(storage.status());
    return code.status();
  });
  RETURN_IF_ERROR(walk);
  return largest.Take();
}

}  // namespace flatkv
