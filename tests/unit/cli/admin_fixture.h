// A command of StoreAdmin over fakes: its output, its status and what it did.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/admin_session.h"
#include "tests/unit/cli/fake_admin.h"

namespace flatkv::cli {

class AdminCommandsTest : public ::testing::Test {
 protected:
  AdminCommandsTest() { confirm_.command = "flatkv something"; }

  AdminSession Session(bool as_json) { return {access_, admin_, as_json}; }

  // Standard output of a command, and its status in status_.
  template <typename Command>
  std::string Run(const Command& command) {
    ::testing::internal::CaptureStdout();
    status_ = command();
    return ::testing::internal::GetCapturedStdout();
  }
  // Each line of the output as a document.
  static std::vector<nlohmann::json> Lines(const std::string& output) {
    std::vector<nlohmann::json> documents;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
      documents.push_back(nlohmann::json::parse(line));
    }
    return documents;
  }

  FakeAdmin admin_;
  FakeAdminAccess access_{&admin_};
  FakePerson person_;
  ConfirmOptions confirm_;
  Status status_;
};

}  // namespace flatkv::cli
