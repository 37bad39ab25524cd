// Goal: every sync of a rollback, a reorg and a snapshot is there for a reason. Method: leave out
// each by itself; some crash state must show it, or the sync is listed below with why none can.
#include <fnmatch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/unit/store/operation_cases.h"

namespace flatkv::test {
namespace {

struct UnnoticedSync {
  std::string calls;  // a pattern of fnmatch(3)
  std::string reason;
};

struct AblationCase {
  std::string name;
  std::vector<UnnoticedSync> unnoticed;
  // Of the calls that these patterns match, the last must be noticed all the same.
  std::vector<std::string> last_is_noticed;
};

constexpr char kCommit[] = "sync */changelog/*.wal";       // of the version committed at the end
constexpr char kIntentCleared[] = "syncdir /home/flatkv";  // makes the removal of INTENT durable

const UnnoticedSync kStoreDirectory = {
    "syncdir /home/flatkv",
    "the names of INTENT, current, filter and snapshots are in one directory: the next sync of it "
    "comes before what needs the name, or INTENT has the next open take the step again"};
const UnnoticedSync kCutMark = {"sync */changelog/CUT-tmp",
                                "INTENT has the next open cut the changelog again"};
const UnnoticedSync kCutNames = {"syncdir */changelog", kCutMark.reason};
const UnnoticedSync kUndoCutMark = {
    "sync */undo/CUT-tmp",
    "undo records are not needed any more once the data DBs are flushed; a "
    "log that does not fit the changelog is dropped"};
const UnnoticedSync kUndoNames = {"syncdir */undo", kUndoCutMark.reason};
const UnnoticedSync kUndoRecords = {"sync */undo/*.wal", kUndoCutMark.reason};
const UnnoticedSync kEdits = {
    "sync */working/*/MANIFEST-*",
    "without the edit the data DB stands lower, and is replayed from the changelog"};
const UnnoticedSync kClosedLog = {
    kCommit,
    "a cut is done again by the next open while INTENT is there; closing the changelog syncs it "
    "once more, with nothing new in it"};
const UnnoticedSync kCloneManifest = {
    "sync */scratch/rollback-#*/MANIFEST-*",
    "opening working/ writes and syncs MANIFEST and CURRENT anew, before INTENT goes"};
const UnnoticedSync kCloneCurrent = {"sync */scratch/rollback-#*/CURRENT", kCloneManifest.reason};
const UnnoticedSync kCloneNewCurrent = {"sync */scratch/rollback-#*/*.dbtmp",
                                        kCloneManifest.reason};
const UnnoticedSync kCloneDirectories = {
    "syncdir */scratch/rollback-#*/*",
    "opening working/ syncs the directory of each DB again, before INTENT goes"};
const UnnoticedSync kScratchDirectory = {
    "syncdir */scratch", "the clone is needed under its name in the store directory only"};
const UnnoticedSync kCloneNames = {"syncdir */working/*",
                                   "the next sync of the same directory comes before INTENT goes"};
const UnnoticedSync kScratch = {"sync* */scratch*",
                                "a clone to check the candidate with: every open removes it"};
const UnnoticedSync kCandidateNames = {
    "syncdir */snapshot-*-tmp/*",
    "the checkpoint syncs the directory of its DB, and so does the publication"};
const UnnoticedSync kReorgLog = {"sync */reorg/*.wal",
                                 "closing it syncs it once more, with nothing new in it"};
const UnnoticedSync kReorgNames = {
    "syncdir */reorg",
    "its segment's name is synced twice, and the directory is removed "
    "at open when no INTENT wants it"};

const UnnoticedSync kHashLog = {
    "sync* */hashlog*",
    "nothing needs the hash log; one that does not fit the changelog is dropped"};

const UnnoticedSync kFilter = {"sync */filter-tmp",
                               "a filter that is not what was written fails its checksum, and is "
                               "made anew from the data DBs"};

bool Matches(const std::string& pattern, const LeftOutSync& sync) {
  return fnmatch(pattern.c_str(), sync.call.c_str(), 0) == 0;
}

class StoreAblation : public ::testing::TestWithParam<AblationCase> {};

TEST_P(StoreAblation, EverySyncIsNoticedWhenItIsLeftOutOrListed) {
  const AblationCase& param = GetParam();
  const AblationResult result = OperationSweep(CaseOf(param.name).make()).LeaveOutEachSync();
  std::printf("%s: %zu syncs, %llu crash states\n", param.name.c_str(), result.syncs.size(),
              static_cast<unsigned long long>(result.states));
  for (const LeftOutSync& sync : result.syncs) {
    const bool is_listed =
        std::any_of(param.unnoticed.begin(), param.unnoticed.end(),
                    [&sync](const UnnoticedSync& listed) { return Matches(listed.calls, sync); });
    EXPECT_TRUE(sync.is_missed || is_listed) << sync.call << " (" << sync.nth << ")";
  }
  for (const std::string& pattern : param.last_is_noticed) {
    const auto last =
        std::find_if(result.syncs.rbegin(), result.syncs.rend(),
                     [&pattern](const LeftOutSync& sync) { return Matches(pattern, sync); });
    EXPECT_TRUE(last != result.syncs.rend() && last->is_missed) << pattern;
  }
  EXPECT_GT(result.syncs.size(), 20u);
}

INSTANTIATE_TEST_SUITE_P(
    Ablation, StoreAblation,
    ::testing::Values(AblationCase{"RollbackByUndoOfAFlushedVersion",
                                   {kStoreDirectory, kCutMark, kCutNames, kClosedLog, kUndoCutMark,
                                    kUndoNames, kEdits, kHashLog},
                                   {kCommit, kIntentCleared}},
                      AblationCase{"RollbackByUndoBelowSnapshots",
                                   {kStoreDirectory, kCutMark, kCutNames, kClosedLog, kUndoCutMark,
                                    kUndoNames, kEdits, kHashLog},
                                   {kCommit, kIntentCleared}},
                      AblationCase{
                          "RollbackByReplayFromASnapshot",
                          {kStoreDirectory, kCutMark, kCutNames, kClosedLog, kCloneManifest,
                           kCloneCurrent, kCloneNewCurrent, kCloneDirectories, kScratchDirectory,
                           kCloneNames, kUndoNames, kUndoRecords, kEdits, kHashLog},
                          {kCommit, kIntentCleared}},
                      AblationCase{"ReorgByUndo",
                                   {kStoreDirectory, kCutMark, kCutNames, kUndoCutMark, kUndoNames,
                                    kEdits, kReorgLog, kReorgNames, kClosedLog, kHashLog},
                                   {kCommit}},
                      AblationCase{"SnapshotWithPrune",
                                   {kStoreDirectory, kScratch, kCandidateNames, kEdits, kCutNames,
                                    kHashLog, kFilter},
                                   {kCommit}}),
    [](const ::testing::TestParamInfo<AblationCase>& tested) { return tested.param.name; });

}  // namespace
}  // namespace flatkv::test
