#include "server/grpc_status.h"

#include <array>
#include <string>

#include "server/proto_convert.h"

namespace flatkv::server {
namespace {

constexpr std::array<std::string_view, kCodes> kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};
static_assert(static_cast<int>(grpc::StatusCode::UNAUTHENTICATED) == kCodes - 1);

// A message may quote raw bytes of a request.
std::string PrintableMessage(std::string_view message) {
  std::string text = PrintableText(message.substr(0, kMessageBytesMax));
  if (message.size() > kMessageBytesMax) {
    text += "...";
  }
  return text;
}

}  // namespace

std::string_view CodeName(int code) {
  return code >= 0 && code < kCodes ? kCodeNames[static_cast<size_t>(code)] : "UNKNOWN";
}

std::string PrintableText(std::string_view text) {
  std::string printable(text);
  for (char& c : printable) {
    if (c < ' ' || c > '~') {
      c = '?';
    }
  }
  return printable;
}

grpc::Status ToGrpcStatus(const Status& status) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  v1::RpcStatus details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(PrintableMessage(MessageOf(status)));
  details.add_details()->PackFrom(DetailOf(status));
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), details.message(),
                      details.SerializeAsString());
}

}  // namespace flatkv::server
