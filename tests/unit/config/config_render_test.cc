#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/config.h"
#include "config/config_keys.h"
#include "config/cross_checks.h"
#include "config/key_value.h"

namespace flatkv {
namespace {

using ::testing::HasSubstr;

// Values at the edges of what the key accepts.
std::vector<KeyValue> EdgeValues(const KeySpec& spec) {
  switch (spec.type) {
    case KeyType::kBoolean:
      return {int64_t{0}, int64_t{1}};
    case KeyType::kAddressList:
      return {std::vector<ListenAddress>{{.host = "::1", .port = 65535},
                                         {.host = "localhost", .port = 0},
                                         {.kind = ListenAddress::Kind::kUnix, .path = "/a-b_c.s"}}};
    case KeyType::kText: {
      std::vector<KeyValue> values;
      for (const std::string text : {"", "auto", "off", "unix:/a-b_c.s", "[::1]:65535",
                                     "0123456789abcdef0123456789abcdef"}) {
        if (spec.check(text).ok()) {
          values.emplace_back(text);
        }
      }
      return values;
    }
    case KeyType::kChoice: {
      std::vector<KeyValue> values;
      for (size_t i = 0; i < spec.choices.size(); ++i) {
        values.emplace_back(static_cast<int64_t>(i));
      }
      return values;
    }
    default:
      return {spec.min, spec.min + 1, spec.max - 1, spec.max};
  }
}

TEST(ConfigRender, EveryKeyReadsBackAsItWasWritten) {
  for (const KeySpec& spec : ConfigKeys()) {
    size_t changed = 0;
    for (const KeyValue& value : EdgeValues(spec)) {
      SCOPED_TRACE(DisplayName(spec) + " = " + FormatKeyValue(spec, value));
      Config config = DefaultConfig();
      spec.field.set(config, value);
      if (!CrossCheck(config).empty()) {
        continue;
      }
      const StatusOr<Config> again = ParseConfig(RenderEffective(config), "effective", {});
      ASSERT_TRUE(again.ok()) << again.status();
      for (const KeySpec& other : ConfigKeys()) {
        EXPECT_EQ(other.field.get(*again), other.field.get(config)) << DisplayName(other);
      }
      changed += spec.field.get(config) == spec.field.get(DefaultConfig()) ? 0u : 1u;
    }
    EXPECT_GT(changed, 0u) << DisplayName(spec);
  }
}

TEST(ConfigRender, SettingOneKeyLeavesTheOthersAlone) {
  for (const KeySpec& spec : ConfigKeys()) {
    for (const KeyValue& value : EdgeValues(spec)) {
      Config config = DefaultConfig();
      spec.field.set(config, value);
      for (const KeySpec& other : ConfigKeys()) {
        if (&other != &spec) {
          EXPECT_EQ(other.field.get(config), other.field.get(DefaultConfig()))
              << DisplayName(spec) << " changed " << DisplayName(other);
        }
      }
    }
  }
}

TEST(ConfigRender, NamesWhereEachValueComesFrom) {
  const StatusOr<Config> config =
      ParseConfig("[wal]\nsync = \"off\"\n", "dir/f.toml", {{"FLATKV_CACHE_BLOCK_BYTES", "8MiB"}},
                  {{"server.listen", "unix:/s", "--listen"}});
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string text = RenderEffective(*config);
  EXPECT_THAT(text, HasSubstr("\n[wal]\nsync = \"off\"  # dir/f.toml:2\n"));
  EXPECT_THAT(text, HasSubstr("\nsync-interval = \"200ms\"  # default\n"));
  EXPECT_THAT(text,
              HasSubstr("\nblock-bytes = \"8MiB\"  # environment FLATKV_CACHE_BLOCK_BYTES\n"));
  EXPECT_THAT(text, HasSubstr("\nlisten = [\"unix:/s\"]  # flag --listen\n"));
  EXPECT_THAT(text, HasSubstr("  # default (one per core)\n"));
}

TEST(ConfigRender, FileNameCannotBreakOutOfTheComment) {
  const StatusOr<Config> config = ParseConfig("[wal]\nsync = \"off\"\n", "a\nb\xff", {});
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string text = RenderEffective(*config);
  EXPECT_THAT(text, HasSubstr("sync = \"off\"  # a?b?:2\n"));
  EXPECT_TRUE(ParseConfig(text, "effective", {}).ok());
}

}  // namespace
}  // namespace flatkv
