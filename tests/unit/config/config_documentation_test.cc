// config/flatkv.toml against the table in the code: neither can change without the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "config/config.h"
#include "config/config_keys.h"
#include "config/key_value.h"

namespace flatkv {
namespace {

using ::testing::HasSubstr;

std::string FileText() {
  std::ifstream file(FLATKV_CONFIG_FILE, std::ios::binary);
  EXPECT_TRUE(file.good()) << FLATKV_CONFIG_FILE;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Documented {
  std::string comment;  // the lines above the key, joined by spaces
  std::string value;    // the right side
};

// What the file says about each key, by "section.key".
std::map<std::string, Documented> ReadDocumentation(const std::string& text) {
  std::map<std::string, Documented> documented;
  std::istringstream lines(text);
  std::string section;
  std::string comment;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) {
      comment += (comment.empty() ? "" : " ") + line.substr(2);
      continue;
    }
    if (line.rfind('[', 0) == 0) {
      section = line.substr(1, line.find(']') - 1);
    } else if (const size_t equals = line.find(" = "); equals != std::string::npos) {
      documented[section + "." + line.substr(0, equals)] = {comment, line.substr(equals + 3)};
    }
    comment.clear();
  }
  return documented;
}

TEST(ConfigDocumentation, FileIsTheDefaultConfiguration) {
  const StatusOr<Config> config = ParseConfig(FileText(), "flatkv.toml", {});
  ASSERT_TRUE(config.ok()) << config.status();
  for (const KeySpec& spec : ConfigKeys()) {
    EXPECT_EQ(spec.field.get(*config), spec.field.get(DefaultConfig())) << DisplayName(spec);
    EXPECT_EQ(config->origins.count(QualifiedName(spec)), 1u)
        << DisplayName(spec) << " is missing in flatkv.toml";
  }
}

TEST(ConfigDocumentation, EveryKeyIsDocumentedAsTheTableSays) {
  const std::map<std::string, Documented> documented = ReadDocumentation(FileText());
  EXPECT_EQ(documented.size(), ConfigKeys().size());
  for (const KeySpec& spec : ConfigKeys()) {
    SCOPED_TRACE(DisplayName(spec));
    const auto found = documented.find(QualifiedName(spec));
    ASSERT_NE(found, documented.end());
    EXPECT_EQ(found->second.value, DefaultText(spec));
    const std::string unit = spec.unit.empty() ? "" : " Unit: " + std::string(spec.unit) + ".";
    EXPECT_THAT(found->second.comment, HasSubstr(std::string(spec.description) +
                                                 " Allowed: " + AllowedText(spec) + "." + unit));
    EXPECT_THAT(found->second.comment,
                ::testing::AnyOf(HasSubstr("Change it "), HasSubstr("Leave it: ")));
  }
}

TEST(ConfigDocumentation, BinaryHoldsTheFile) { EXPECT_EQ(DefaultConfigText(), FileText()); }

TEST(ConfigDocumentation, LinesFitAPage) {
  std::istringstream lines(FileText());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 130u) << line;
  }
}

TEST(ConfigTable, EntriesAreCompleteAndNamesUnique) {
  std::set<std::string> names;
  std::set<std::string> variables;
  std::set<std::string_view> sections;
  std::string_view section;
  for (const KeySpec& spec : ConfigKeys()) {
    SCOPED_TRACE(DisplayName(spec));
    EXPECT_TRUE(names.insert(QualifiedName(spec)).second);
    EXPECT_TRUE(variables.insert(EnvironmentName(spec)).second);
    if (spec.section != section) {
      section = spec.section;
      EXPECT_TRUE(sections.insert(section).second) << "the section's keys are not adjacent";
    }
    ASSERT_NE(spec.field.get, nullptr);
    ASSERT_NE(spec.field.set, nullptr);
    EXPECT_FALSE(spec.description.empty());
    EXPECT_EQ(spec.type == KeyType::kChoice, !spec.choices.empty());
    EXPECT_EQ(spec.type == KeyType::kText, !spec.allowed.empty());
    EXPECT_EQ(spec.type == KeyType::kText, spec.check != nullptr);
    const bool has_range = spec.type == KeyType::kInteger || spec.type == KeyType::kSize ||
                           spec.type == KeyType::kDuration;
    EXPECT_EQ(has_range, spec.max > spec.min);
    EXPECT_EQ(has_range, !spec.unit.empty());
  }
}

TEST(ConfigTable, VariablesAreNamedAfterSectionAndKey) {
  const KeySpec* spec = FindConfigKey("store", "background-threads");
  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(EnvironmentName(*spec), "FLATKV_STORE_BACKGROUND_THREADS");
  EXPECT_EQ(FindConfigKey("store", "background"), nullptr);
  EXPECT_EQ(FindConfigKey("log", "background-threads"), nullptr);
}

TEST(ConfigTable, DefaultsLieInTheirRanges) {
  for (const KeySpec& spec : ConfigKeys()) {
    if (spec.type == KeyType::kText) {
      EXPECT_TRUE(spec.check(std::get<std::string>(spec.field.get(DefaultConfig()))).ok())
          << DisplayName(spec);
    }
    if (spec.max > 0) {
      const int64_t value = std::get<int64_t>(spec.field.get(DefaultConfig()));
      EXPECT_GE(value, spec.min) << DisplayName(spec);
      EXPECT_LE(value, spec.max) << DisplayName(spec);
    }
  }
}

}  // namespace
}  // namespace flatkv
