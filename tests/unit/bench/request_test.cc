#include "bench/request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/client_convert.h"
#include "flatkv/v1/commit_service.pb.h"
#include "tests/support/sample_blocks.h"

namespace flatkv::test {
namespace {

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(buffer.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

TEST(BenchRequest, HasTheBytesThatProtobufWouldSend) {
  OwnedBlock block(7);
  block.Set("evm", "\x03" + std::string(52, 's'), std::string(32, '\xff'));
  block.Set("bank", "empty", "");
  block.Remove("bank", "gone");
  for (const OwnedBlock& sent : {block, OwnedBlock(uint64_t{1} << 40)}) {
    v1::CommitBlockRequest message;
    message.set_version(sent.version());
    cli::Fill(sent.changes(), message.mutable_changesets());
    EXPECT_EQ(BytesOf(bench::EncodeRequest(sent.version(), sent.changes())),
              message.SerializeAsString());
  }
}

}  // namespace
}  // namespace flatkv::test
