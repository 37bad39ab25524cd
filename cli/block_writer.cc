#include "cli/block_writer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

StatusOr<std::string> Quoted(std::string_view name) {
  try {
    return nlohmann::json(name).dump();
  } catch (const nlohmann::json::exception&) {
    return FailedPrecondition(
        fmt::format("the module name {} (hexadecimal) is no UTF-8 and cannot be written as JSON",
                    HexEncode(name)));
  }
}

}  // namespace

StatusOr<std::string> RenderBlockLine(Version version, const ChangeSets& changes) {
  std::string line = fmt::format("{{\"version\":{},\"changesets\":[", version);
  for (size_t i = 0; i < changes.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string name, Quoted(changes[i].module));
    line += fmt::format("{}{{\"name\":{},\"pairs\":[", i == 0 ? "" : ",", name);
    for (size_t j = 0; j < changes[i].pairs.size(); ++j) {
      const KvPair& pair = changes[i].pairs[j];
      line += fmt::format("{}{{\"key\":\"{}\",", j == 0 ? "" : ",", HexEncode(pair.key));
      line += pair.remove ? std::string("\"delete\":true}")
                          : fmt::format("\"value\":\"{}\"}}", HexEncode(pair.value));
    }
    line += "]}";
  }
  return line + "]}";
}

}  // namespace flatkv::cli
