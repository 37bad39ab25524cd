// BlockRequest gives what protobuf gives, whichever of the two decoders reads the bytes.
#include "server/block_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "server/proto_convert.h"
#include "tests/support/status_matchers.h"

namespace flatkv::server {
namespace {

using flatkv::test::IsOk;

grpc::ByteBuffer BufferOf(const std::string& bytes, size_t slice_bytes) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < bytes.size(); at += slice_bytes) {
    slices.emplace_back(bytes.substr(at, slice_bytes));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

v1::CommitBlockRequest RandomRequest(std::mt19937_64& random) {
  const auto bytes = [&random](size_t max) {
    std::string text(random() % (max + 1), '\0');
    for (char& c : text) {
      c = static_cast<char>(random());
    }
    return text;
  };
  v1::CommitBlockRequest request;
  request.set_version(static_cast<int64_t>(random()) >> (random() % 64));
  for (uint64_t modules = random() % 4; modules > 0; --modules) {
    v1::NamedChangeSet* named = request.add_changesets();
    named->set_name(random() % 5 == 0 ? "b\u00e4nk" : "bank");
    for (uint64_t pairs = random() % 8; pairs > 0; --pairs) {
      v1::KVPair* pair = named->mutable_changeset()->add_pairs();
      pair->set_key(bytes(40));
      pair->set_value(bytes(300));
      pair->set_delete_(random() % 3 == 0);
    }
  }
  return request;
}

// Both read `bytes`, with the same result or the same refusal.
void ExpectAsProtobuf(const std::string& bytes, size_t slice_bytes) {
  v1::CommitBlockRequest message;
  const bool is_readable = message.ParseFromString(bytes);
  const auto request = BlockRequest::Parse(BufferOf(bytes, slice_bytes));
  ASSERT_EQ(request.ok(), is_readable);
  if (!is_readable) {
    EXPECT_EQ(request.status().code(), StatusCode::kInvalidArgument);
    return;
  }
  EXPECT_EQ((*request)->size_bytes(), bytes.size());
  EXPECT_EQ((*request)->version(), message.version());
  const ChangeSets expected = ViewOf(message.changesets());
  const ChangeSets& changes = (*request)->changes();
  ASSERT_EQ(changes.size(), expected.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].module, expected[i].module);
    ASSERT_EQ(changes[i].pairs.size(), expected[i].pairs.size());
    for (size_t j = 0; j < changes[i].pairs.size(); ++j) {
      EXPECT_EQ(changes[i].pairs[j].key, expected[i].pairs[j].key);
      EXPECT_EQ(changes[i].pairs[j].value, expected[i].pairs[j].value);
      EXPECT_EQ(changes[i].pairs[j].remove, expected[i].pairs[j].remove);
    }
  }
}

class BlockRequestTest : public ::testing::TestWithParam<size_t> {};

TEST_P(BlockRequestTest, ReadsWhatProtobufWrites) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    ExpectAsProtobuf(RandomRequest(random).SerializeAsString(), GetParam());
  }
}

TEST_P(BlockRequestTest, ReadsOrRefusesDamagedBytesAsProtobufDoes) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string bytes = RandomRequest(random).SerializeAsString();
    for (uint64_t changes = 1 + random() % 3; changes > 0 && !bytes.empty(); --changes) {
      const size_t at = random() % std::min<size_t>(bytes.size(), 60);
      if (random() % 3 == 0) {
        bytes.erase(at, 1 + random() % 3);
      } else {
        bytes[at] = static_cast<char>(random());
      }
    }
    ExpectAsProtobuf(bytes, GetParam());
  }
}

TEST_P(BlockRequestTest, LeavesFieldsThatItDoesNotKnowToProtobuf) {
  std::mt19937_64 random(7);
  const std::string known = RandomRequest(random).SerializeAsString();
  ExpectAsProtobuf(known + "\x78\x05", GetParam());  // field 15, a varint
  ExpectAsProtobuf(
      "\x7a\x03"
      "abc" +
          known,
      GetParam());                                                   // field 15, bytes
  ExpectAsProtobuf(known + std::string("\x0b\x0c", 2), GetParam());  // a group
  ExpectAsProtobuf(known + "\x08\x05", GetParam());                  // the version again
  ExpectAsProtobuf("\x12\x03\x12\x01\xff", GetParam());              // a name that is not UTF-8
  ExpectAsProtobuf("", GetParam());
}

INSTANTIATE_TEST_SUITE_P(Slices, BlockRequestTest, ::testing::Values(7, 100'000));

}  // namespace
}  // namespace flatkv::server
