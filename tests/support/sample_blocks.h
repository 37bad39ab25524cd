// Blocks from the JSON-lines files in tests/data, and the roots that an independent implementation
// gave for them.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"
#include "flatkv/codec/data_db.h"

namespace flatkv::test {

// A block that owns its bytes.
class OwnedBlock {
 public:
  explicit OwnedBlock(Version version) : version_(version) {}

  void Set(const std::string& module, std::string key, std::string value) {
    Add(module, {std::move(key), std::move(value), false});
  }
  void Remove(const std::string& module, std::string key) {
    Add(module, {std::move(key), "", true});
  }

  Version version() const { return version_; }
  // Views into this block, in the order of adding; valid while it lives unchanged.
  ChangeSets changes() const;

 private:
  struct Pair {
    std::string key;
    std::string value;
    bool remove;
  };
  struct Module {
    std::string name;
    std::vector<Pair> pairs;
  };
  void Add(const std::string& module, Pair pair);

  Version version_;
  std::vector<Module> modules_;
};

// The file tests/data/`name`. Aborts on a malformed file: test data is part of the source.
std::vector<OwnedBlock> LoadBlocks(const std::string& name);

struct GoldenRoots {
  std::string root;
  std::array<std::string, kDataDbs> db_checksums;
};
// By version, in hex.
std::map<Version, GoldenRoots> LoadRoots(const std::string& name);

}  // namespace flatkv::test
