// For fake stores whose tests ask nothing of whole states.
#pragma once

#include <memory>

#include "flatkv/store/state_reader.h"

namespace flatkv::test {

class NoStateReader final : public StateReader {
 public:
  StatusOr<VersionRanges> Ranges() override { return None(); }
  StatusOr<std::unique_ptr<CompareSide>> SideAt(Version, const GoOn&) override { return None(); }
  Status ReadHashLog(Version, Version, const std::function<Status(const VersionSums&)>&) override {
    return None();
  }
  StatusOr<DiffMethod> Diff(const DiffOptions&, const OnKeyChange&, const GoOn&) override {
    return None();
  }
  StatusOr<StateSizes> Sizes(const SizeOptions&, const GoOn&) override { return None(); }

 private:
  static Status None() { return Unimplemented("the test gives no answer"); }
};

}  // namespace flatkv::test
