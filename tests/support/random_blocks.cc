#include "tests/support/random_blocks.h"

namespace flatkv::test {

OwnedBlock RandomBlocks::Next(Version version, size_t pairs_max) {
  OwnedBlock block(version);
  for (size_t pairs = Below(pairs_max + 1); pairs > 0; --pairs) {
    AddPair(&block);
  }
  return block;
}

void RandomBlocks::AddPair(OwnedBlock* block) {
  const std::string address(20, static_cast<char>(Below(12)));
  const bool remove = Below(4) == 0;
  const auto add = [&](const std::string& module, const std::string& key,
                       const std::string& value) {
    if (remove) {
      block->Remove(module, key);
    } else {
      block->Set(module, key, value);
    }
  };
  const char value_byte = static_cast<char>(Below(3));  // zero values are common
  switch (Below(7)) {
    case 0:
      add("evm", "\x0a" + address, std::string(7, '\0') + value_byte);
      break;
    case 1:
      add("evm", "\x08" + address, std::string(32, value_byte));
      break;
    case 2:
    case 3:
      add("evm", "\x03" + address + std::string(32, static_cast<char>(Below(8))),
          std::string(31, '\0') + value_byte);
      break;
    case 4:
      add("evm", "\x07" + address, std::string(Below(3) * 40, 'c'));
      break;
    case 5:  // a known prefix with a wrong length, and an unknown one
      add("evm", Below(2) == 0 ? "\x03" + address : "\x01" + address, std::string(Below(5), 'm'));
      break;
    default:
      add(Below(2) == 0 ? "bank" : "staking", std::string(Below(4), 'k'),
          std::string(Below(6), 'v'));
      break;
  }
}

}  // namespace flatkv::test
