#include "tests/support/model_store.h"

#include "flatkv/base/check.h"
#include "flatkv/lthash/row_hasher.h"

namespace flatkv::test {
namespace {

bool IsAccountKey(const std::string& module, const std::string& key) {
  return module == "evm" && key.size() == 21 && (key[0] == 0x0a || key[0] == 0x08);
}
bool IsStorageKey(const std::string& module, const std::string& key) {
  return module == "evm" && key.size() == 53 && key[0] == 0x03;
}
bool IsCodeKey(const std::string& module, const std::string& key) {
  return module == "evm" && key.size() == 21 && key[0] == 0x07;
}
bool IsZero(const std::string& bytes) { return bytes.find_first_not_of('\0') == std::string::npos; }

std::string RowHeader(Version version) {
  std::string header(9, '\0');
  for (size_t i = 0; i < 8; ++i) {
    header[8 - i] = static_cast<char>(version >> (8 * i));
  }
  return header;
}

}  // namespace

void ModelStore::Commit(const OwnedBlock& block) {
  version_ = block.version();
  for (const NamedChangeSet& named : block.changes()) {
    for (const KvPair& pair : named.pairs) {
      Write(version_, std::string(named.module), std::string(pair.key),
            pair.remove ? std::nullopt : std::optional<std::string>(pair.value));
    }
  }
  // Rows that hold nothing at the end of the version do not exist.
  std::erase_if(accounts_, [](const auto& entry) {
    return IsZero(entry.second.nonce) && IsZero(entry.second.code_hash);
  });
}

void ModelStore::Write(Version version, const std::string& module, const std::string& key,
                       const std::optional<std::string>& value) {
  if (IsAccountKey(module, key)) {
    Account& account = accounts_[key.substr(1)];
    (key[0] == 0x0a ? account.nonce : account.code_hash) =
        value.value_or(std::string(key[0] == 0x0a ? 8 : 32, '\0'));
    account.version = version;
    return;
  }
  const bool gone = !value.has_value() || (IsStorageKey(module, key) && IsZero(*value)) ||
                    (IsCodeKey(module, key) && value->empty());
  if (gone) {
    plain_.erase({module, key});
  } else {
    plain_[{module, key}] = {*value, version};
  }
}

Digest ModelStore::Root() const {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [address, account] : accounts_) {
    rows.emplace_back("evm/\x0a" + address,
                      RowHeader(account.version) + std::string(32, '\0') + account.nonce +
                          (IsZero(account.code_hash) ? "" : account.code_hash));
  }
  for (const auto& [name, plain] : plain_) {
    rows.emplace_back(name.first + "/" + name.second, RowHeader(plain.version) + plain.value);
  }
  const RowHasher hasher(suite_, RowKernels(suite_).back());
  std::vector<RowElement> elements;
  for (const auto& [key, value] : rows) {
    elements.push_back({key, value, false});
  }
  LtHash sum;
  hasher.Accumulate(elements, &sum);
  return hasher.Checksum(sum);
}

std::optional<std::string> ModelStore::Get(const std::string& module,
                                           const std::string& key) const {
  const std::map<std::string, std::string> pairs = Pairs(module);
  const auto it = pairs.find(key);
  return it == pairs.end() ? std::nullopt : std::optional<std::string>(it->second);
}

std::map<std::string, std::string> ModelStore::Pairs(const std::string& module) const {
  std::map<std::string, std::string> pairs;
  for (const auto& [name, plain] : plain_) {
    if (name.first == module) {
      pairs[name.second] = plain.value;
    }
  }
  if (module == "evm") {
    for (const auto& [address, account] : accounts_) {
      pairs["\x0a" + address] = account.nonce;
      if (!IsZero(account.code_hash)) {
        pairs["\x08" + address] = account.code_hash;
      }
    }
  }
  return pairs;
}

uint64_t ModelStore::Rows() const { return accounts_.size() + plain_.size(); }

}  // namespace flatkv::test
