// Goal: the items that we write are exactly protobuf's, and decoding accepts only those.
#include "flatkv/sei/sei_item.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "flatkv/base/hex.h"
#include "flatkv/codec/proto_wire.h"
#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

std::string Encode(const SeiItem& item) {
  std::string bytes;
  AppendSeiItem(item, &bytes);
  return bytes;
}

std::string Hex(std::string_view text) {
  const StatusOr<std::string> bytes = HexDecode(text);
  EXPECT_THAT(bytes, IsOk());
  return *bytes;
}

// An encoded item without its length.
std::string Body(const SeiItem& item) {
  const std::string bytes = Encode(item);
  std::string_view rest = bytes;
  std::string_view body;
  EXPECT_TRUE(TakeContent(&rest, &body));
  EXPECT_EQ(rest, "");
  return std::string(body);
}

// The messages as the Cosmos SDK defines them, encoded by protobuf itself.
class ProtobufItems {
 public:
  ProtobufItems() {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
        name: "snapshot.proto" syntax: "proto3"
        message_type { name: "Store"
          field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL } }
        message_type { name: "Node"
          field { name: "key" number: 1 type: TYPE_BYTES label: LABEL_OPTIONAL }
          field { name: "value" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL }
          field { name: "version" number: 3 type: TYPE_INT64 label: LABEL_OPTIONAL }
          field { name: "height" number: 4 type: TYPE_INT32 label: LABEL_OPTIONAL } }
        message_type { name: "Item" oneof_decl { name: "item" }
          field { name: "store" number: 1 type: TYPE_MESSAGE type_name: ".Store"
                  label: LABEL_OPTIONAL oneof_index: 0 }
          field { name: "iavl" number: 2 type: TYPE_MESSAGE type_name: ".Node"
                  label: LABEL_OPTIONAL oneof_index: 0 } })",
                                                              &file));
    descriptor_ = pool_.BuildFile(file)->FindMessageTypeByName("Item");
  }

  std::string Encode(const SeiItem& item) {
    const std::unique_ptr<google::protobuf::Message> message(
        factory_.GetPrototype(descriptor_)->New());
    const bool is_store = item.kind == SeiItemKind::kStore;
    google::protobuf::Message* const body = message->GetReflection()->MutableMessage(
        message.get(), descriptor_->FindFieldByName(is_store ? "store" : "iavl"));
    const auto field = [&](const char* name) {
      return body->GetDescriptor()->FindFieldByName(name);
    };
    const google::protobuf::Reflection& reflection = *body->GetReflection();
    if (is_store) {
      reflection.SetString(body, field("name"), std::string(item.name));
    } else {
      reflection.SetString(body, field("key"), std::string(item.key));
      reflection.SetString(body, field("value"), std::string(item.value));
      reflection.SetInt64(body, field("version"), item.version);
      reflection.SetInt32(body, field("height"), item.height);
    }
    return message->SerializeAsString();
  }

 private:
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::Descriptor* descriptor_ = nullptr;
};

TEST(SeiItem, EncodesTheBytesOfTheWireFormat) {
  EXPECT_EQ(HexEncode(Encode({.kind = SeiItemKind::kStore, .name = "flatkv"})),
            "0a"                // 10 bytes follow
            "0a08"              // store: 8 bytes
            "0a06666c61746b76"  // name = "flatkv"
  );
  EXPECT_EQ(HexEncode(Encode({.kind = SeiItemKind::kNode,
                              .key = "bank/k",
                              .value = Hex("000000000000000012"),
                              .version = 300})),
            "18"                      // 24 bytes follow
            "1216"                    // iavl: 22 bytes
            "0a0662616e6b2f6b"        // key = "bank/k"
            "1209000000000000000012"  // value: 9 bytes
            "18ac02"                  // version = 300; height 0 is left out
  );
}

TEST(SeiItem, EqualsProtobufForRandomItems) {
  ProtobufItems protobuf;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto text = [&](size_t bytes_max) {
    std::string bytes(random() % (bytes_max + 1), '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random() % 128);  // names are UTF-8
    }
    return bytes;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string name = text(300);
    const std::string key = text(200);
    const std::string value = text(20000);
    SeiItem item;
    if (i % 10 == 0) {
      item.name = name;
    } else {
      item.kind = SeiItemKind::kNode;
      item.key = key;
      item.value = value;
      item.version = static_cast<Version>(random() >> (random() % 64));
      item.height = static_cast<int32_t>(random() % 3 == 0 ? random() : 0);
    }
    const std::string body = Body(item);
    ASSERT_EQ(HexEncode(body), HexEncode(protobuf.Encode(item)));
    ASSERT_EQ(SeiItemBytes(item), body.size());
    SeiItem decoded;
    ASSERT_TRUE(DecodeSeiItem(body, &decoded));
    ASSERT_EQ(decoded.kind, item.kind);
    ASSERT_EQ(decoded.name, item.name);
    ASSERT_EQ(decoded.key, item.key);
    ASSERT_EQ(decoded.value, item.value);
    ASSERT_EQ(decoded.version, item.version);
    ASSERT_EQ(decoded.height, item.height);
  }
}

TEST(SeiItem, ExtensionsAreKnownByTheirTagAlone) {
  SeiItem item;
  EXPECT_TRUE(DecodeSeiItem(Hex("1a03010203"), &item));
  EXPECT_EQ(item.kind, SeiItemKind::kExtension);
  EXPECT_TRUE(DecodeSeiItem(Hex("2200"), &item));
  EXPECT_EQ(item.kind, SeiItemKind::kExtensionPayload);
}

TEST(SeiItem, RefusesWhatEncodingDoesNotEmit) {
  const std::vector<std::string> malformed = {
      "",    // nothing
      "0a",  // no length
      "0a05"
      "0a01",  // cut off
      "0a00"
      "00",      // bytes behind it
      "0a8000",  // a length with a byte too many
      "2a00",    // kind 5
      "0800",    // kind 1 as a number
      "0a02"
      "0a00",  // a default written out
      "0a03"
      "120161",  // a field that a store has not
      "1204"
      "12010a"
      "61",  // a tag without content
      "1206"
      "120161"
      "0a0162",  // value before key
      "1206"
      "0a0161"
      "0a0162",  // the key twice
      "1205"
      "0a0161"
      "1800",  // version 0 written out
      "1206"
      "0a0161"
      "188000",  // a number with a byte too many
      "120b"
      "0a0161"
      "208080808010",  // a length beyond the bytes
      "1209"
      "0a0161"
      "208080808010",  // a height of more than 32 bits
      "1205"
      "0a0161"
      "2801",  // field 5
  };
  for (const std::string& hex : malformed) {
    SeiItem item;
    EXPECT_FALSE(DecodeSeiItem(Hex(hex), &item)) << hex;
  }
}

TEST(SeiItem, DecodingSurvivesAnyBytes) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const std::string whole = Body({.kind = SeiItemKind::kNode,
                                  .key = "evm/key",
                                  .value = "value",
                                  .version = std::numeric_limits<Version>::max(),
                                  .height = -1});
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = whole.substr(0, random() % (whole.size() + 1));
    for (size_t flips = random() % 4; flips > 0 && !bytes.empty(); --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    SeiItem item;
    if (DecodeSeiItem(bytes, &item) &&
        (item.kind == SeiItemKind::kStore || item.kind == SeiItemKind::kNode)) {
      EXPECT_EQ(HexEncode(Body(item)), HexEncode(bytes));
    }
  }
}

}  // namespace
}  // namespace flatkv::test
