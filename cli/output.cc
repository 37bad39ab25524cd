#include "cli/output.h"

#include <fmt/format.h>

#include <cstdio>

namespace flatkv::cli {

std::string ModeLine(const StoreAccess& access) {
  return fmt::format("{}: {} {}\n", access.mode(),
                     access.mode() == "online" ? "daemon at" : "store in", access.where());
}

void PrintJsonLine(const OrderedJson& document) {
  fmt::print("{}\n", document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  std::fflush(stdout);
}

}  // namespace flatkv::cli
