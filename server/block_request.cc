#include "server/block_request.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "flatkv/codec/changelog_entry.h"
#include "server/proto_convert.h"
#include "server/wire.h"

namespace flatkv::server {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

StatusOr<std::shared_ptr<const BlockRequest>> BlockRequest::Parse(const grpc::ByteBuffer& bytes) {
  const std::shared_ptr<BlockRequest> request(new BlockRequest);
  request->size_bytes_ = bytes.Length();
  if (!bytes.TrySingleSlice(&request->slice_).ok() &&
      !bytes.DumpToSingleSlice(&request->slice_).ok()) {
    return InvalidArgument("the request cannot be read");
  }
  if (!request->Decode()) {
    RETURN_IF_ERROR(request->ParseByProtobuf(bytes));
  }
  return std::shared_ptr<const BlockRequest>(request);
}

bool BlockRequest::Decode() {
  StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(
      {reinterpret_cast<const char*>(slice_.begin()), static_cast<size_t>(slice_.size())});
  // Whether other names are valid UTF-8, protobuf knows.
  if (!entry.ok() || !std::all_of(entry->changes.begin(), entry->changes.end(),
                                  [](const auto& named) { return IsAscii(named.module); })) {
    return false;
  }
  version_ = entry->version;
  changes_ = std::move(entry->changes);
  return true;
}

Status BlockRequest::ParseByProtobuf(const grpc::ByteBuffer& bytes) {
  message_ = std::make_unique<v1::CommitBlockRequest>();
  RETURN_IF_ERROR(server::Parse(bytes, message_.get()));
  version_ = message_->version();
  changes_ = ViewOf(message_->changesets());
  return OkStatus();
}

}  // namespace flatkv::server
