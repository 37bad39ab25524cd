// The parts of the server that work without gRPC, and the wire form of its messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/base/hex.h"
#include "flatkv/codec/changelog_entry.h"
#include "server/call_tracker.h"
#include "server/grpc_status.h"
#include "server/proto_convert.h"
#include "server/work_queue.h"
#include "tests/support/status_matchers.h"

namespace flatkv::server {
namespace {

using ::flatkv::test::HasReason;
using ::flatkv::test::IsOk;
using ::flatkv::test::StatusIs;

// Holds a worker inside a job until Open.
class Gate {
 public:
  void Pass() {
    MutexLock lock(mu_);
    reached_ = true;
    changed_.NotifyAll();
    while (!open_) {
      changed_.Wait(mu_);
    }
  }
  void WaitUntilReached() {
    MutexLock lock(mu_);
    while (!reached_) {
      changed_.Wait(mu_);
    }
  }
  void Open() {
    MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool reached_ GUARDED_BY(mu_) = false;
  bool open_ GUARDED_BY(mu_) = false;
};

TEST(WorkQueue, OneThreadRunsJobsInTheOrderOfArrival) {
  std::vector<int> order;
  {
    WorkQueue queue({.name = "test"});
    for (int i = 0; i < 100; ++i) {
      ASSERT_OK(queue.Submit([&order, i] { order.push_back(i); }));
    }
  }
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(WorkQueue, RefuseKeepsWhatWasAcceptedAndNothingMore) {
  Gate gate;
  std::atomic<int> ran{0};
  {
    WorkQueue queue({.name = "test"});
    ASSERT_OK(queue.Submit([&gate] { gate.Pass(); }));
    ASSERT_OK(queue.Submit([&ran] { ++ran; }));
    queue.Refuse();
    const Status refused = queue.Submit([&ran] { ++ran; });
    EXPECT_THAT(refused, StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(refused, HasReason(Reason::kClosed));
    gate.Open();
  }
  EXPECT_EQ(ran, 1);
}

TEST(WorkQueue, RefusesMoreThanMayWait) {
  Gate gate;
  WorkQueue queue({.name = "test", .waiting_max = 2});
  ASSERT_OK(queue.Submit([&gate] { gate.Pass(); }));
  gate.WaitUntilReached();
  EXPECT_OK(queue.Submit([] {}));
  EXPECT_OK(queue.Submit([] {}));
  EXPECT_THAT(queue.Submit([] {}), StatusIs(StatusCode::kResourceExhausted));
  gate.Open();
}

TEST(WorkQueue, ManyProducersLoseNoJob) {
  std::atomic<int> ran{0};
  {
    WorkQueue queue({.name = "test", .threads = 2, .waiting_max = 100'000});
    std::vector<std::thread> producers;
    for (int i = 0; i < 4; ++i) {
      producers.emplace_back([&queue, &ran] {
        for (int job = 0; job < 500; ++job) {
          EXPECT_OK(queue.Submit([&ran] { ++ran; }));
        }
      });
    }
    for (std::thread& producer : producers) {
      producer.join();
    }
  }
  EXPECT_EQ(ran, 2000);
}

TEST(CallTracker, CountsUpToTheMostAllowedAndWaitsForTheLast) {
  CallTracker tracker;
  EXPECT_TRUE(tracker.WaitUntilNone(CallTracker::Clock::now()));
  EXPECT_TRUE(tracker.TryBegin(2));
  EXPECT_TRUE(tracker.TryBegin(2));
  EXPECT_FALSE(tracker.TryBegin(2));
  EXPECT_FALSE(tracker.WaitUntilNone(CallTracker::Clock::now()));
  std::thread ending([&tracker] {
    tracker.End();
    tracker.End();
  });
  EXPECT_TRUE(tracker.WaitUntilNone(CallTracker::Clock::now() + std::chrono::hours(1)));
  ending.join();
}

TEST(ProtoConvert, ViewsNameEveryPairWithoutCopying) {
  v1::CommitBlockRequest request;
  v1::NamedChangeSet* named = request.add_changesets();
  named->set_name("bank");
  v1::KVPair* pair = named->mutable_changeset()->add_pairs();
  pair->set_key("key");
  pair->set_value("value");
  named->mutable_changeset()->add_pairs()->set_delete_(true);
  const ChangeSets views = ViewOf(request.changesets());
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].module, "bank");
  ASSERT_EQ(views[0].pairs.size(), 2U);
  EXPECT_EQ(views[0].pairs[0].key.data(), pair->key().data());
  EXPECT_EQ(views[0].pairs[0].value.data(), pair->value().data());
  EXPECT_FALSE(views[0].pairs[0].remove);
  EXPECT_TRUE(views[0].pairs[1].remove);
}

TEST(ProtoConvert, InfoCarriesTheBacklogAndTheFreeSpaceIfItIsKnown) {
  StoreInfo info;
  info.backlog = {1, 2, 3, 4};
  v1::InfoResponse message;
  ToProto(info, ServiceLimits(), &message);
  EXPECT_EQ(message.backlog().versions(), 1u);
  EXPECT_EQ(message.backlog().overlay_bytes(), 2u);
  EXPECT_EQ(message.backlog().level0_tables(), 3u);
  EXPECT_EQ(message.backlog().compaction_debt_bytes(), 4u);
  EXPECT_FALSE(message.has_disk_free_bytes());
  info.disk_free_bytes = 5;
  ToProto(info, ServiceLimits(), &message);
  EXPECT_EQ(message.disk_free_bytes(), 5u);
}

TEST(ProtoWire, AChangelogEntryHasTheBytesThatCosmosNodesWrite) {
  v1::ChangelogEntry entry;
  entry.set_version(300);
  v1::NamedChangeSet* named = entry.add_changesets();
  named->set_name("bank");
  v1::KVPair* set = named->mutable_changeset()->add_pairs();
  set->set_key("k");
  set->set_value("vv");
  v1::KVPair* removed = named->mutable_changeset()->add_pairs();
  removed->set_delete_(true);
  removed->set_key("x");
  const std::string bytes = entry.SerializeAsString();
  EXPECT_EQ(HexEncode(bytes),
            "08ac02"              // version = 300
            "1218"                // changesets[0], 24 bytes
            "0a10"                // changeset, 16 bytes
            "0a0712016b1a027676"  // pairs[0]: key "k", value "vv"
            "0a050801120178"      // pairs[1]: delete, key "x"
            "120462616e6b");      // name "bank"
  std::string ours;
  AppendEntryVersion(entry.version(), &ours);
  AppendChangeSets(ViewOf(entry.changesets()), &ours);
  EXPECT_EQ(HexEncode(ours), HexEncode(bytes));
}

TEST(GrpcStatus, CarriesCodeMessageReasonAndExpectedVersion) {
  const grpc::Status status = ToGrpcStatus(WithExpectedVersion(
      WithReason(FailedPrecondition("commit 9: expected 4"), Reason::kVersionGap), 4));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "commit 9: expected 4");
  v1::RpcStatus details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  ASSERT_EQ(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/flatkv.v1.ErrorDetail");
  EXPECT_EQ(HexEncode(details.details(0).value()), "08031004");
}

TEST(GrpcStatus, CutsLongMessagesAndRawBytesThatATrailerCannotCarry) {
  const grpc::Status status = ToGrpcStatus(InvalidArgument(std::string(100'000, '\xff')));
  EXPECT_EQ(status.error_message(), std::string(kMessageBytesMax, '?') + "...");
}

TEST(GrpcStatus, OkStaysOk) { EXPECT_TRUE(ToGrpcStatus(OkStatus()).ok()); }

}  // namespace
}  // namespace flatkv::server
