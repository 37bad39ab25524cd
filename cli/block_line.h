// Decodes one line of a change-log file (JSON lines):
//
//   {"version":1,"changesets":[{"name":"evm","pairs":[{"key":"0a..","value":"00.."},
//                                                     {"key":"0a..","delete":true}]}]}
//
// Keys and values are hexadecimal. Fields may come in any order; unknown, repeated and missing
// fields are refused, so that a misspelt "delete" is never taken for something else.
#pragma once

#include <string_view>

#include "cli/block.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

// Errors: kInvalidArgument says what is wrong and where in the line.
StatusOr<Block> ParseBlockLine(std::string_view line);

}  // namespace flatkv::cli
