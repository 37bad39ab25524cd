#include "bench/part_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "bench/workload.h"
#include "flatkv/codec/rows.h"
#include "tests/support/status_matchers.h"

namespace flatkv::bench {
namespace {

TEST(PartRows, AreThoseOfTheStoreSortedWithTheLastWriteOfAKey) {
  const std::string key = std::string(1, 0x03) + std::string(52, 'k');
  const std::string first(32, 'a');
  const std::string last(32, 'b');
  Block block;
  block.changes = {{"bank", {{"z", "1", false}, {"a", "2", false}, {"gone", "", true}}},
                   {"evm", {{key, first, false}, {key, last, false}}}};
  PartRows rows;
  rows.Fill(7, block);
  ASSERT_EQ(rows.rows().size(), 4u);
  ASSERT_EQ(rows.RowsOf(DataDb::kStorage).size(), 1u);
  const PartRow& storage = rows.RowsOf(DataDb::kStorage).front();
  EXPECT_EQ(storage.key, "evm/" + key);
  EXPECT_EQ(RowVersion(storage.value), 7);
  EXPECT_EQ(storage.value.substr(kRowHeaderBytes), last);
  const auto misc = rows.RowsOf(DataDb::kMisc);
  ASSERT_EQ(misc.size(), 3u);
  EXPECT_EQ(misc[0].key, "bank/a");
  EXPECT_EQ(misc[1].key, "bank/gone");
  EXPECT_TRUE(misc[1].remove);
  EXPECT_EQ(misc[2].key, "bank/z");
  EXPECT_TRUE(rows.RowsOf(DataDb::kAccount).empty());
  EXPECT_TRUE(rows.RowsOf(DataDb::kCode).empty());
}

TEST(PartRows, OfAMixedWorkloadAreValidRows) {
  WorkloadOptions options;
  options.rows = 2'000;
  options.shape = Shape::kMixed;
  Workload workload(options);
  Block block;
  workload.NextPreload(&block);
  PartRows rows;
  rows.Fill(1, block);
  EXPECT_EQ(rows.rows().size(), options.rows);
  for (const PartRow& row : rows.rows()) {
    EXPECT_OK(ValidateRow(row.db, row.value));
  }
  size_t of_dbs = 0;
  for (const DataDb db : kAllDataDbs) {
    EXPECT_FALSE(rows.RowsOf(db).empty());
    of_dbs += rows.RowsOf(db).size();
  }
  EXPECT_EQ(of_dbs, rows.rows().size());
}

}  // namespace
}  // namespace flatkv::bench
