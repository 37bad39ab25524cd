#include "tests/support/sample_blocks.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "flatkv/base/check.h"
#include "flatkv/base/hex.h"

namespace flatkv::test {
namespace {

std::ifstream OpenData(const std::string& name) {
  std::ifstream file(std::string(FLATKV_TEST_DATA_DIR) + "/" + name);
  FLATKV_CHECK(file.good());
  return file;
}

std::string Bytes(const nlohmann::json& hex) {
  const StatusOr<std::string> bytes = HexDecode(hex.get<std::string>());
  FLATKV_CHECK(bytes.ok());
  return *bytes;
}

}  // namespace

void OwnedBlock::Add(const std::string& module, Pair pair) {
  if (modules_.empty() || modules_.back().name != module) {
    modules_.push_back({module, {}});
  }
  modules_.back().pairs.push_back(std::move(pair));
}

ChangeSets OwnedBlock::changes() const {
  ChangeSets changes;
  for (const Module& module : modules_) {
    NamedChangeSet& named = changes.emplace_back();
    named.module = module.name;
    for (const Pair& pair : module.pairs) {
      named.pairs.push_back({pair.key, pair.value, pair.remove});
    }
  }
  return changes;
}

std::vector<OwnedBlock> LoadBlocks(const std::string& name) {
  std::ifstream file = OpenData(name);
  std::vector<OwnedBlock> blocks;
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json json = nlohmann::json::parse(line);
    OwnedBlock& block = blocks.emplace_back(json.at("version").get<Version>());
    for (const auto& named : json.at("changesets")) {
      const std::string module = named.at("name").get<std::string>();
      for (const auto& pair : named.at("pairs")) {
        if (pair.value("delete", false)) {
          block.Remove(module, Bytes(pair.at("key")));
        } else {
          block.Set(module, Bytes(pair.at("key")), Bytes(pair.at("value")));
        }
      }
    }
  }
  return blocks;
}

std::map<Version, GoldenRoots> LoadRoots(const std::string& name) {
  std::ifstream file = OpenData(name);
  std::map<Version, GoldenRoots> roots;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Version version = 0;
    if (fields >> version) {  // the last line holds row counts
      GoldenRoots& golden = roots[version];
      fields >> golden.root;
      for (std::string& checksum : golden.db_checksums) {
        fields >> checksum;
      }
    }
  }
  return roots;
}

}  // namespace flatkv::test
