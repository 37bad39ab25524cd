// What a crash leaves of a MemDisk.
#include <algorithm>
#include <cstring>
#include <set>
#include <unordered_map>

#include "tests/support/mem_disk.h"

namespace flatkv::test {
namespace {

constexpr size_t kSectorBytes = 512;

// Modulo instead of a distribution: the same numbers with every standard library.
size_t Pick(std::mt19937_64& random, size_t count) { return static_cast<size_t>(random() % count); }

void FillGarbage(std::string& data, size_t begin, size_t end, std::mt19937_64& random) {
  for (size_t i = begin; i < end; i += sizeof(uint64_t)) {
    const uint64_t garbage = random();
    std::memcpy(&data[i], &garbage, std::min(sizeof(garbage), end - i));
  }
}

void FillZero(std::string& data, size_t begin, size_t end) {
  std::fill(data.begin() + static_cast<std::ptrdiff_t>(begin),
            data.begin() + static_cast<std::ptrdiff_t>(end), '\0');
}

// A random sector start in the unsynced bytes, or where they begin.
size_t PickCut(size_t durable_bytes, size_t size_bytes, std::mt19937_64& random) {
  const size_t at = durable_bytes + Pick(random, size_bytes - durable_bytes + 1);
  return std::max(durable_bytes, at / kSectorBytes * kSectorBytes);
}

void LoseTail(MemNode& file, std::mt19937_64& random) {
  enum Loss { kKeep, kDrop, kCut, kZeros, kGarbage, kLosses };
  const size_t cut = PickCut(file.durable_bytes, file.data->size(), random);
  switch (static_cast<Loss>(Pick(random, kLosses))) {
    case kDrop:
      file.MutableData().resize(file.durable_bytes);
      break;
    case kCut:
      file.MutableData().resize(cut);
      break;
    case kZeros:
      FillZero(file.MutableData(), cut, file.data->size());
      break;
    case kGarbage:
      FillGarbage(file.MutableData(), cut, file.data->size(), random);
      break;
    case kKeep:
    case kLosses:
      break;
  }
}

void TearSectors(MemNode& file, std::mt19937_64& random) {
  std::string& data = file.MutableData();
  for (size_t begin = file.durable_bytes; begin < data.size();) {
    const size_t end = std::min(data.size(), (begin / kSectorBytes + 1) * kSectorBytes);
    switch (Pick(random, 4)) {
      case 0:
        FillZero(data, begin, end);
        break;
      case 1:
        FillGarbage(data, begin, end, random);
        break;
      default:
        break;
    }
    begin = end;
  }
}

void LoseData(MemNode& file, CrashMode mode, std::mt19937_64& random) {
  const size_t unsynced_bytes = file.data->size() - file.durable_bytes;
  if (unsynced_bytes > 0) {
    switch (mode) {
      case CrashMode::kKeepAll:
        break;
      case CrashMode::kDropUnsynced:
        file.MutableData().resize(file.durable_bytes);
        break;
      case CrashMode::kOrderedPrefix:
        file.MutableData().resize(file.durable_bytes + Pick(random, unsynced_bytes + 1));
        break;
      case CrashMode::kAnySubset:
        LoseTail(file, random);
        break;
      case CrashMode::kTornSectors:
        TearSectors(file, random);
        break;
    }
  }
  file.durable_bytes = file.data->size();
}

}  // namespace

std::string_view CrashModeName(CrashMode mode) {
  switch (mode) {
    case CrashMode::kKeepAll:
      return "kKeepAll";
    case CrashMode::kDropUnsynced:
      return "kDropUnsynced";
    case CrashMode::kOrderedPrefix:
      return "kOrderedPrefix";
    case CrashMode::kAnySubset:
      return "kAnySubset";
    case CrashMode::kTornSectors:
      return "kTornSectors";
  }
  return "?";
}

void MemDisk::KeepPrefixes(std::mt19937_64& random) {
  std::unordered_map<const MemNode*, size_t> counts;
  for (const NameOperation& operation : pending_) {
    for (const NameChange& change : operation) {
      ++counts[change.directory.get()];
    }
  }
  // How many changes of a directory may still survive; picked when the directory first occurs, so
  // that the numbers do not depend on addresses.
  std::unordered_map<const MemNode*, size_t> left;
  for (const NameOperation& operation : pending_) {
    bool survives = true;
    for (const NameChange& change : operation) {
      const MemNode* directory = change.directory.get();
      if (!left.contains(directory)) {
        left[directory] = Pick(random, counts[directory] + 1);
      }
      survives = survives && left[directory] > 0;
    }
    for (const NameChange& change : operation) {
      size_t& quota = left[change.directory.get()];
      quota = survives && quota > 0 ? quota - 1 : 0;
    }
    if (survives) {
      MakeDurable(operation);
    }
  }
}

void MemDisk::LoseNames(CrashMode mode, std::mt19937_64& random) {
  if (mode == CrashMode::kOrderedPrefix) {
    KeepPrefixes(random);
  } else if (mode == CrashMode::kAnySubset || mode == CrashMode::kTornSectors) {
    const size_t survivors_of_four = 1 + Pick(random, 3);
    for (const NameOperation& operation : pending_) {
      if (Pick(random, 4) < survivors_of_four) {
        MakeDurable(operation);
      }
    }
  }
  pending_.clear();
}

std::vector<MemNodePtr> MemDisk::ShowDurableNames() {
  // Breadth first in the order of names: the walk must not depend on addresses.
  std::vector<MemNodePtr> reachable = {root_};
  std::set<const MemNode*> seen = {root_.get()};
  for (size_t i = 0; i < reachable.size(); ++i) {
    MemNode& node = *reachable[i];
    node.links = i == 0 ? 1 : 0;
    node.entries = node.durable_entries;
    for (const auto& [name, child] : node.entries) {
      if (seen.insert(child.get()).second) {
        reachable.push_back(child);
      }
    }
  }
  for (const MemNodePtr& node : reachable) {
    for (const auto& [name, child] : node->entries) {
      ++child->links;
    }
  }
  return reachable;
}

MemDisk MemDisk::Crash(CrashMode mode, uint64_t seed) const {
  MemDisk disk = Clone();
  if (mode == CrashMode::kKeepAll) {
    return disk;
  }
  std::mt19937_64 random(seed);
  disk.LoseNames(mode, random);
  for (const MemNodePtr& node : disk.ShowDurableNames()) {
    if (node->type == FileType::kRegular) {
      LoseData(*node, mode, random);
    }
  }
  return disk;
}

}  // namespace flatkv::test
