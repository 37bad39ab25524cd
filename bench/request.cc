#include "bench/request.h"

#include <string>

#include "flatkv/codec/changelog_entry.h"

namespace flatkv::bench {
namespace {

constexpr size_t kVersionBytesMax = 11;

}  // namespace

grpc::ByteBuffer EncodeRequest(Version version, const ChangeSets& changes) {
  auto* const bytes = new std::string;  // the slice deletes it
  bytes->reserve(kVersionBytesMax + EncodedChangeSetsBytes(changes));
  AppendEntryVersion(version, bytes);
  AppendChangeSets(changes, bytes);
  const grpc::Slice slice(
      bytes->data(), bytes->size(), [](void* held) { delete static_cast<std::string*>(held); },
      bytes);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace flatkv::bench
