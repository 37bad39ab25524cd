// Runs a fuzz target over the files named on the command line, and over seeded mutations of each.
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

constexpr uint64_t kSeed = 20261121;
constexpr int kMutationsPerFile = 2000;

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string Mutate(std::string input, std::mt19937_64& random) {
  for (uint64_t edits = 1 + random() % 4; edits > 0; --edits) {
    const size_t at = input.empty() ? 0 : random() % input.size();
    switch (random() % 4) {
      case 0:
        if (!input.empty()) {
          input[at] = static_cast<char>(input[at] ^ (1 << (random() % 8)));
        }
        break;
      case 1:
        input.insert(at, 1 + random() % 8, static_cast<char>(random()));
        break;
      case 2:
        input.erase(at, 1 + random() % 16);
        break;
      default:
        input.insert(at, input.substr(at, random() % 64));
        break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  std::mt19937_64 random(kSeed);
  uint64_t runs = 0;
  Run("");
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
    std::ostringstream content;
    content << file.rdbuf();
    const std::string input = content.str();
    Run(input);
    for (int mutation = 0; mutation < kMutationsPerFile; ++mutation, ++runs) {
      Run(Mutate(input, random));
    }
  }
  std::printf("%llu inputs, seed %llu\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(kSeed));
  return 0;
}
