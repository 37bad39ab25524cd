// The portable BLAKE3 against answers of b3sum 1.2.0: input byte i is i mod 251, as in BLAKE3's own
// test vectors.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/lthash/blake3_portable.h"
#include "flatkv/lthash/cpu_features.h"

namespace flatkv::internal {
namespace {

struct KnownAnswer {
  size_t input_size;
  const char* digest;
  const char* output_sha256;  // SHA-256 of the first 2048 bytes of extended output.
};

// One byte around every boundary: block, chunk, and trees of 1 to 98 chunks.
constexpr KnownAnswer kKnownAnswers[] = {
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
     "c700539924eb9d06649c0b8478f48455baa0562f93f10a2613539e3efd9a2f2e"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
     "d365f0775d8cd2a359fcf60b4966119a845d21c7773e3736b329d802ad621eaf"},
    {63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b",
     "77c15eafe27dd8c5cc54178e42388e684f96eee98655110df4e66bc4c6102bed"},
    {64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98",
     "dd3ee983da21c6b5afabb05660c51d1a28ad2da8f82007819f5b6e62e1996735"},
    {65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee",
     "3e39fa71ab79a26844db843071c30744815348cffbcbc62d01fa7cecbe076cef"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
     "fe91d4a6ecdc355cfef34244767d82e869b363a40d59d2eb520136029e2abd13"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
     "b3dec1e2872e517492507570abeae0427075e861b1e7167a9d78f39e2bede8c5"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
     "a01508f215456cde8d99a531b13c5965d58665387b234b2266b4c2eea1515abc"},
    {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
     "281cab8340554ba0cc16a54b228d41b22bab20476fc82f1eda62a0fb113933da"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030",
     "67b385102fef456690f8d61f49f158a41d9da7291a9c6e94ee64207443494b34"},
    {3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2",
     "2d8e8cbd14c38653539cae98a19890a3881b00e501b74ab0111b0beec0f375a0"},
    {5000, "ee78d92070de3df1c57c37002abf0a6b1a6589acdeef4d8ffac7cf3d9e8f2836",
     "14a40f0bb737208423aca7440cbd996e8a1b56b364ce2a1bbdc5baf4badcb1ae"},
    {100000, "d93c23eedaf165a7e0be908ba86f1a7a520d568d2d13cde787c8580c5c72cc54",
     "6685b7bed2fcc562ce776b17d9625a115dd987432ec7460e3e9d1661014a47cb"},
};

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

std::string ExtendedOutput(const Blake3Node& root, size_t size) {
  std::string output;
  for (uint64_t counter = 0; output.size() < size; ++counter) {
    const std::array<uint32_t, 16> words = Blake3Compress(root, counter);
    output.append(reinterpret_cast<const char*>(words.data()), sizeof(words));
  }
  output.resize(size);
  return output;
}

TEST(Blake3Portable, DigestsEqualKnownAnswers) {
  for (const KnownAnswer& answer : kKnownAnswers) {
    EXPECT_EQ(HexEncode(AsBytes(Blake3Digest(Pattern(answer.input_size)))), answer.digest)
        << "input of " << answer.input_size << " bytes";
  }
}

TEST(Blake3Portable, ExtendedOutputsEqualKnownAnswers) {
  for (const KnownAnswer& answer : kKnownAnswers) {
    const std::string input = Pattern(answer.input_size);
    const std::string_view view = input;
    const std::string output = ExtendedOutput(Blake3Root({&view, 1}), 2048);
    EXPECT_EQ(HexEncode(AsBytes(Sha256(output))), answer.output_sha256)
        << "input of " << answer.input_size << " bytes";
  }
}

TEST(Blake3Portable, RootIsTheSameHoweverTheInputIsCut) {
  const std::string input = Pattern(5000);
  const Digest whole = Blake3Digest(input);
  for (const size_t step : {1U, 7U, 63U, 64U, 65U, 1000U, 1024U, 1025U, 4999U}) {
    Blake3Hasher hasher;
    for (size_t at = 0; at < input.size(); at += step) {
      hasher.Update(std::string_view(input).substr(at, step));
      hasher.Update({});
    }
    const std::string output = ExtendedOutput(hasher.Root(), 32);
    EXPECT_EQ(output, AsBytes(whole)) << "in steps of " << step;
  }
}

// Chunks side by side: counts around the width of a group, and every place in a chunk where the
// wide part may begin.
TEST(Blake3Hasher, LaneKernelsChangeNothing) {
  std::vector<const Blake3LaneKernel*> kernels;
  if (HostCpu().avx2) kernels.push_back(&Blake3Avx2());
  if (HostCpu().avx512) kernels.push_back(&Blake3Avx512());
  const std::string input = Pattern(100000);
  for (const Blake3LaneKernel* kernel : kernels) {
    for (const size_t size : {1U, 1024U, 1025U, 2048U, 2049U, 3073U, 8192U, 9217U, 16384U, 16385U,
                              17409U, 34817U, 100000U}) {
      for (const size_t head : {0U, 1U, 33U, 64U, 1023U, 1024U, 1025U, 5000U}) {
        const std::string_view whole = std::string_view(input).substr(0, size);
        const std::string_view pieces[] = {whole.substr(0, std::min(head, size)),
                                           whole.substr(std::min(head, size))};
        EXPECT_EQ(ExtendedOutput(Blake3Root(pieces, kernel), 64),
                  ExtendedOutput(Blake3Root(pieces), 64))
            << kernel->lanes << " lanes, " << size << " bytes cut at " << head;
      }
    }
  }
}

}  // namespace
}  // namespace flatkv::internal
