#include "cli/state_size_command.h"

#include <fmt/format.h>

#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/row_text.h"
#include "flatkv/base/hex.h"

namespace flatkv::cli {
namespace {

OrderedJson ToJson(const ContractSizes& sizes) {
  OrderedJson contracts = OrderedJson::array();
  for (const ContractSize& contract : sizes.largest) {
    contracts.push_back({{"address", HexEncode(contract.address)},
                         {"bytes", contract.bytes()},
                         {"storage_rows", contract.storage_rows},
                         {"storage_bytes", contract.storage_bytes},
                         {"code_bytes", contract.code_bytes}});
  }
  return {{"count", sizes.contracts}, {"largest", std::move(contracts)}};
}

void PrintModules(const StateSums& sums) {
  fmt::print("{:<8} {:<16} {:>14} {:>17}\n", "data DB", "module", "rows", "bytes");
  for (const DataDb db : kAllDataDbs) {
    const DbSums& from = sums[IndexOf(db)];
    fmt::print("{:<8} {:<16} {:>14} {:>17}\n", NameOf(db), "(all)", from.total.rows,
               from.total.bytes);
    for (const auto& [name, module] : from.modules) {
      fmt::print("{:<8} {:<16} {:>14} {:>17}\n", "", name, module.rows, module.bytes);
    }
  }
}

void PrintContracts(const ContractSizes& sizes) {
  fmt::print("{:<40} {:>17} {:>14} {:>17} {:>12}\n", "contract", "bytes", "storage rows",
             "storage bytes", "code bytes");
  for (const ContractSize& contract : sizes.largest) {
    fmt::print("{:<40} {:>17} {:>14} {:>17} {:>12}\n", HexEncode(contract.address),
               contract.bytes(), contract.storage_rows, contract.storage_bytes,
               contract.code_bytes);
  }
  fmt::print("{} of {} contracts\n", sizes.largest.size(), sizes.contracts);
}

}  // namespace

Status RunStateSize(const StateSession& session, const StateSizeCommandOptions& options,
                    const std::function<bool()>& interrupted) {
  CatchInterrupts();
  ASSIGN_OR_RETURN(const StateSizes sizes,
                   session.state.Sizes(
                       {.version = options.at.value_or(0), .top_contracts = options.top_contracts},
                       [&interrupted] { return !interrupted(); }));
  if (session.json) {
    OrderedJson document = {{"mode", session.access.mode()},
                            {"version", sizes.version},
                            {"root", HexEncode(AsBytes(sizes.root))},
                            {"data_dbs", cli::ToJson(sizes.sums)}};
    if (options.top_contracts != 0) {
      document["contracts"] = ToJson(sizes.contracts);
    }
    PrintJsonLine(document);
    return OkStatus();
  }
  fmt::print("{}version  {}\n", ModeLine(session.access), sizes.version);
  if (options.top_contracts == 0) {
    PrintModules(sizes.sums);
  } else {
    PrintContracts(sizes.contracts);
  }
  return OkStatus();
}

}  // namespace flatkv::cli
