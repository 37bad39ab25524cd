// Goal: our zero-copy encoding is exactly protobuf's, and decoding survives any bytes.
#include "flatkv/codec/changelog_entry.h"

#include <gtest/gtest.h>

#include <random>

#include "flatkv/base/hex.h"
#include "flatkv/v1/changeset.pb.h"
#include "tests/support/random_blocks.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

std::string Encode(Version version, const ChangeSets& changes) {
  std::string bytes;
  AppendEntryVersion(version, &bytes);
  const size_t header_bytes = bytes.size();
  AppendChangeSets(changes, &bytes);
  EXPECT_EQ(bytes.size() - header_bytes, EncodedChangeSetsBytes(changes));
  return bytes;
}

v1::ChangelogEntry ToProto(Version version, const ChangeSets& changes) {
  v1::ChangelogEntry entry;
  entry.set_version(version);
  for (const NamedChangeSet& named : changes) {
    v1::NamedChangeSet* const proto = entry.add_changesets();
    proto->set_name(std::string(named.module));
    proto->mutable_changeset();
    for (const KvPair& pair : named.pairs) {
      v1::KVPair* const proto_pair = proto->mutable_changeset()->add_pairs();
      proto_pair->set_delete_(pair.remove);
      proto_pair->set_key(std::string(pair.key));
      if (!pair.remove) {
        proto_pair->set_value(std::string(pair.value));
      }
    }
  }
  return entry;
}

TEST(ChangelogEntry, EncodesTheBytesOfTheWireFormat) {
  const ChangeSets changes = {{"bank", {{"k", "v", false}, {"gone", "ignored", true}}},
                              {"evm", {}}};
  const std::string expected =
      "08ac02"                // version = 300
      "121a"                  // changesets[0]: 26 bytes
      "0a12"                  // its changeset: 18 bytes
      "0a0612016b1a0176"      // pair k = v
      "0a0808011204676f6e65"  // pair: delete, key "gone"
      "120462616e6b"          // name "bank"
      "1207"                  // changesets[1]: 7 bytes
      "0a00"                  // its changeset: empty, and present
      "120365766d";           // name "evm"
  EXPECT_EQ(HexEncode(Encode(300, changes)), expected);
}

TEST(ChangelogEntry, EqualsProtobufForRandomBlocks) {
  constexpr uint64_t kSeed = 11;
  SCOPED_TRACE(kSeed);
  RandomBlocks random(kSeed);
  for (Version version = 1; version <= 300; ++version) {
    const OwnedBlock block = random.Next(version * version * version, 40);
    EXPECT_EQ(HexEncode(Encode(block.version(), block.changes())),
              HexEncode(ToProto(block.version(), block.changes()).SerializeAsString()));
  }
}

TEST(ChangelogEntry, DecodesWhatItEncodes) {
  RandomBlocks random(12);
  for (Version version = 1; version <= 100; ++version) {
    const OwnedBlock block = random.Next(version, 40);
    const std::string bytes = Encode(version, block.changes());
    ASSERT_OK_AND_ASSIGN(const ChangelogEntryView entry, DecodeChangelogEntry(bytes));
    EXPECT_EQ(entry.version, version);
    EXPECT_EQ(Encode(entry.version, entry.changes), bytes);
  }
}

TEST(ChangelogEntry, RefusesEveryTruncationOrReadsAPrefix) {
  RandomBlocks random(13);
  const OwnedBlock block = random.Next(5, 40);
  const std::string bytes = Encode(5, block.changes());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(bytes.substr(0, length));
    if (entry.ok()) {
      // Cut between two change sets: a shorter entry, which the record's checksum tells apart.
      EXPECT_EQ(Encode(entry->version, entry->changes), bytes.substr(0, length));
    } else {
      EXPECT_THAT(entry, StatusIs(StatusCode::kDataLoss));
    }
  }
}

TEST(ChangelogEntry, DecodingAnyBytesEndsInAValueOrDataLoss) {
  std::mt19937_64 random(14);
  RandomBlocks blocks(14);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = Encode(3, blocks.Next(3, 10).changes());
    for (int flips = 0; flips < 3 && !bytes.empty(); ++flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(bytes);
    if (!entry.ok()) {
      EXPECT_EQ(entry.status().code(), StatusCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace flatkv::test
