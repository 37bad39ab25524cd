// What commands write to standard output.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/store_access.h"

namespace flatkv::cli {

using OrderedJson = nlohmann::ordered_json;

// "online: daemon at 127.0.0.1:7450" or "offline: store in ./run".
std::string ModeLine(const StoreAccess& access);

// One line; flushed, so that a reader of a pipe sees it at once. Bytes that are no UTF-8 become
// U+FFFD.
void PrintJsonLine(const OrderedJson& document);

}  // namespace flatkv::cli
