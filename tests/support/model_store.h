// The reference that the store is compared with: plain maps and hashes from scratch, written from
// docs/format.md without any code of the store's own pipeline.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "flatkv/base/types.h"
#include "flatkv/codec/data_db.h"
#include "tests/support/sample_blocks.h"

namespace flatkv::test {

class ModelStore {
 public:
  explicit ModelStore(Suite suite) : suite_(suite) {}

  // Applies a block's changes as the next version.
  void Commit(const OwnedBlock& block);

  Version version() const { return version_; }
  // Hashes every row from scratch.
  Digest Root() const;
  // The value that a reader of the key gets.
  std::optional<std::string> Get(const std::string& module, const std::string& key) const;
  // Every pair of a module as readers see it, in key order.
  std::map<std::string, std::string> Pairs(const std::string& module) const;
  uint64_t Rows() const;

 private:
  struct Account {
    std::string nonce = std::string(8, '\0');
    std::string code_hash = std::string(32, '\0');
    Version version = 0;
  };
  struct Plain {
    std::string value;
    Version version = 0;
  };

  void Write(Version version, const std::string& module, const std::string& key,
             const std::optional<std::string>& value);

  Suite suite_;
  Version version_ = 0;
  std::map<std::string, Account> accounts_;                     // by address
  std::map<std::pair<std::string, std::string>, Plain> plain_;  // by module and key
};

}  // namespace flatkv::test
