// Every kernel that this CPU runs: golden vectors, and equality with the portable kernel.
#include "flatkv/lthash/row_kernels.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/lthash/row_hasher.h"
#include "tests/unit/lthash/random_rows.h"

namespace flatkv {
namespace {

struct SuiteKernel {
  Suite suite;
  RowKernel kernel;
};

std::vector<SuiteKernel> AllKernels() {
  std::vector<SuiteKernel> all;
  for (const Suite suite : {Suite::kSha256, Suite::kBlake3}) {
    for (const RowKernel& kernel : RowKernels(suite)) all.push_back({suite, kernel});
  }
  return all;
}

std::string KernelTestName(const testing::TestParamInfo<SuiteKernel>& info) {
  std::string name = std::string(SuiteName(info.param.suite)) + "_";
  std::copy_if(info.param.kernel.name.begin(), info.param.kernel.name.end(),
               std::back_inserter(name), [](char c) { return c != '-'; });
  return name;
}

class RowKernelTest : public testing::TestWithParam<SuiteKernel> {
 protected:
  LtHash Hash(std::span<const RowElement> rows) const {
    LtHash sum;
    GetParam().kernel.accumulate(rows, &sum);
    return sum;
  }
  LtHash PortableHash(std::span<const RowElement> rows) const {
    LtHash sum;
    RowKernels(GetParam().suite).back().accumulate(rows, &sum);
    return sum;
  }
};

INSTANTIATE_TEST_SUITE_P(Kernels, RowKernelTest, testing::ValuesIn(AllKernels()), KernelTestName);

TEST(RowKernels, ThePortableOneIsLastAndNamesAreUnique) {
  EXPECT_EQ(RowKernels(Suite::kSha256).back().name, "openssl");
  EXPECT_EQ(RowKernels(Suite::kBlake3).back().name, "portable");
  for (const Suite suite : {Suite::kSha256, Suite::kBlake3}) {
    std::set<std::string_view> names;
    for (const RowKernel& kernel : RowKernels(suite)) EXPECT_TRUE(names.insert(kernel.name).second);
    EXPECT_EQ(RowHasher(suite).kernel_name(), RowKernels(suite).front().name);
  }
}

std::string NamesFor(Suite suite, const internal::CpuFeatures& cpu) {
  std::string names;
  for (const RowKernel& kernel : internal::RowKernelsFor(suite, cpu))
    names += std::string(kernel.name) + " ";
  return names;
}

TEST(RowKernels, ACpuIsOfferedOnlyWhatItHas) {
  EXPECT_EQ(NamesFor(Suite::kBlake3, {}), "portable ");
  EXPECT_EQ(NamesFor(Suite::kSha256, {}), "openssl ");
  const internal::CpuFeatures haswell{.avx2 = true};
  EXPECT_EQ(NamesFor(Suite::kBlake3, haswell), "avx2 portable ");
  EXPECT_EQ(NamesFor(Suite::kSha256, haswell), "avx2 openssl ");
  const internal::CpuFeatures zen3{.avx2 = true, .sha_ni = true};
  EXPECT_EQ(NamesFor(Suite::kBlake3, zen3), "avx2 portable ");
  EXPECT_EQ(NamesFor(Suite::kSha256, zen3), "sha-ni avx2 openssl ");
  const internal::CpuFeatures all{.avx2 = true, .avx512 = true, .sha_ni = true};
  EXPECT_EQ(NamesFor(Suite::kBlake3, all), "avx512 avx2 portable ");
  EXPECT_EQ(NamesFor(Suite::kSha256, all), "avx512 sha-ni avx2 openssl ");
}

TEST_P(RowKernelTest, GoldenVectorsHold) {
  std::ifstream file(FLATKV_TEST_DATA_DIR "/lthash.json");
  ASSERT_TRUE(file.is_open());
  size_t cases = 0;
  for (const nlohmann::json& golden : nlohmann::json::parse(file)) {
    if (golden["suite"] != SuiteName(GetParam().suite)) continue;
    ++cases;
    SCOPED_TRACE(golden["case"].get<std::string>());
    std::deque<std::string> bytes;
    std::vector<RowElement> rows;
    for (const nlohmann::json& element : golden["elements"]) {
      bytes.push_back(HexDecode(element["key"].get<std::string>()).value());
      bytes.push_back(HexDecode(element["value"].get<std::string>()).value());
      rows.push_back({bytes[bytes.size() - 2], bytes.back(), element["sign"] == -1});
    }
    const LtHash sum = Hash(rows);
    EXPECT_EQ(HexEncode(sum.bytes().substr(0, 32)), golden["lattice_first_32"]);
    EXPECT_EQ(HexEncode(AsBytes(Sha256(sum.bytes()))), golden["lattice_sha256"]);
    const RowHasher hasher(GetParam().suite, GetParam().kernel);
    EXPECT_EQ(HexEncode(AsBytes(hasher.Checksum(sum))), golden["root"]);
  }
  EXPECT_EQ(cases, 8U);
}

// Every length that is packed into lanes, and some of every number of blocks beyond.
TEST_P(RowKernelTest, EqualsThePortableKernelAtEveryLength) {
  RandomRows random(31);
  for (size_t size = 0; size <= 5000; size += size < 1200 ? 1 : 13) {
    const size_t key_size = random.Below(std::min<size_t>(size, 100) + 1);
    const RowElement row = random.Row(key_size, size - key_size, random.Below(2) == 0);
    ASSERT_EQ(Hash({&row, 1}), PortableHash({&row, 1}))
        << "key of " << key_size << " and value of " << size - key_size << " bytes";
  }
}

TEST_P(RowKernelTest, EqualsThePortableKernelAtEveryBatchSize) {
  for (uint64_t seed = 41; seed < 45; ++seed) {
    RandomRows random(seed);
    for (size_t count = 0; count <= 70; ++count) {
      const std::vector<RowElement> rows = random.Batch(count);
      ASSERT_EQ(Hash(rows), PortableHash(rows)) << "seed " << seed << ", " << count << " rows";
    }
  }
}

TEST_P(RowKernelTest, EqualsThePortableKernelOnManyRowsOfOneShape) {
  RandomRows random(51);
  std::vector<RowElement> rows;
  for (size_t i = 0; i < 515; ++i) rows.push_back(random.Row(57, 41, i % 3 == 0));
  EXPECT_EQ(Hash(rows), PortableHash(rows));
}

TEST_P(RowKernelTest, EqualsThePortableKernelOnRowsOfMegabytes) {
  RandomRows random(52);
  const std::vector<RowElement> rows = {random.Row(24, (1 << 20) + 13, false),
                                        random.Row(57, 41, false), random.Row(1 << 16, 0, true)};
  EXPECT_EQ(Hash(rows), PortableHash(rows));
}

TEST_P(RowKernelTest, AddsToWhatTheSumHolds) {
  RandomRows random(53);
  const std::vector<RowElement> rows = random.Batch(20);
  const LtHash before = PortableHash(random.Batch(3));
  LtHash sum = before;
  GetParam().kernel.accumulate(rows, &sum);
  sum -= before;
  EXPECT_EQ(sum, PortableHash(rows));
}

TEST_P(RowKernelTest, NoRowsChangeNothing) {
  EXPECT_TRUE(Hash({}).IsZero());
  const RowElement empty;
  EXPECT_EQ(Hash({&empty, 1}), PortableHash({&empty, 1}));
  EXPECT_FALSE(Hash({&empty, 1}).IsZero());
}

// The bytes end where a page without read permission begins.
TEST_P(RowKernelTest, ReadsNothingBeyondTheInput) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const mapping =
      mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(mapping, MAP_FAILED);
  char* const end = static_cast<char*>(mapping) + page;
  std::fill_n(static_cast<char*>(mapping), page, 'x');
  ASSERT_EQ(mprotect(end, page, PROT_NONE), 0);
  for (size_t size = 0; size <= 1100; ++size) {
    const std::string copy(size, 'x');
    const RowElement at_end[] = {{{end - size, size}, {end - size, size}}};
    const RowElement elsewhere[] = {{copy, copy}};
    ASSERT_EQ(Hash(at_end), Hash(elsewhere)) << size;
  }
  ASSERT_EQ(munmap(mapping, 2 * page), 0);
}

}  // namespace
}  // namespace flatkv
