// Random operations and reopening against a model.
#include <fmt/format.h>

#include <random>

#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

using Model = std::map<Version, std::string>;

class ModelRun {
 public:
  explicit ModelRun(uint64_t seed) : random_(seed) {}

  void Run() {
    ASSERT_OK_AND_ASSIGN(wal_, OpenWal(fs_, SmallSegments()));
    for (int step = 0; step < 120; ++step) {
      SCOPED_TRACE(fmt::format("step {}", step));
      ASSERT_NO_FATAL_FAILURE(Step());
      ASSERT_NO_FATAL_FAILURE(Compare());
    }
  }

 private:
  void Step() {
    const uint64_t choice = random_() % 10;
    if (choice == 0) {
      ASSERT_OK(wal_->Close());
      Reopen();
    } else if (choice == 1) {
      Reopen();  // killed: nothing was closed, everything stays
    } else if (choice == 2) {
      Prune();
    } else if (choice == 3) {
      Cut();
    } else {
      Append();
    }
  }

  void Reopen() {
    wal_.reset();
    ASSERT_OK_AND_ASSIGN(wal_, OpenWal(fs_, SmallSegments()));
  }

  void Append() {
    const Version first =
        model_.empty() ? 1 + static_cast<Version>(random_() % 50) : model_.rbegin()->first + 1;
    const Version last = first + static_cast<Version>(random_() % 6);
    const bool group = random_() % 2 == 0;
    const uint64_t seed = random_();
    for (Version version = first; version <= last; ++version) {
      ASSERT_OK(AppendOnly(*wal_, version, seed));
      model_[version] = PayloadOf(version, seed);
      if (!group || version == last) {
        ASSERT_OK(wal_->Sync());
        ASSERT_OK(wal_->Acknowledge(version));
      }
    }
  }

  void Prune() {
    if (model_.empty()) {
      return;
    }
    const Version below = model_.begin()->first + static_cast<Version>(random_() % 20);
    ASSERT_OK(wal_->PruneBelow(below));
    ASSERT_LE(wal_->first_version(), std::max(below, model_.begin()->first));
    ASSERT_GE(wal_->first_version(), model_.begin()->first);
    model_.erase(model_.begin(), model_.lower_bound(wal_->first_version()));
    ASSERT_FALSE(model_.empty());
  }

  void Cut() {
    if (model_.empty()) {
      return;
    }
    const Version above =
        model_.begin()->first - 1 + static_cast<Version>(random_() % (model_.size() + 2));
    ASSERT_OK(wal_->CutAbove(above));
    model_.erase(model_.upper_bound(above), model_.end());
  }

  void Compare() {
    ASSERT_EQ(wal_->empty(), model_.empty());
    ASSERT_EQ(wal_->first_version(), model_.empty() ? 0 : model_.begin()->first);
    ASSERT_EQ(wal_->last_version(), model_.empty() ? 0 : model_.rbegin()->first);
    ASSERT_OK_AND_ASSIGN(const Model records, ReadAll(*wal_));
    ASSERT_EQ(records, model_);
  }

  std::mt19937_64 random_;
  MemFileSystem fs_;
  Model model_;
  std::unique_ptr<Wal> wal_;
};

TEST(WalModel, RandomOperationsAndReopeningAgreeWithTheModel) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ModelRun run(seed);
    ASSERT_NO_FATAL_FAILURE(run.Run());
  }
}

}  // namespace
}  // namespace flatkv::test
