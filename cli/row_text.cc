#include "cli/row_text.h"

#include <fmt/format.h>

#include "flatkv/base/hex.h"
#include "flatkv/codec/rows.h"

namespace flatkv::cli {

std::string CutHex(std::string_view bytes, size_t bytes_max) {
  if (bytes.empty()) {
    return "\"\"";
  }
  return bytes.size() <= bytes_max
             ? HexEncode(bytes)
             : fmt::format("{}.. ({} bytes)", HexEncode(bytes.substr(0, bytes_max)), bytes.size());
}

std::string StoredText(const std::optional<StoredValue>& value) {
  if (!value.has_value()) {
    return "none";
  }
  const bool is_cut = value->begin.size() < value->size_bytes;
  const std::string_view begin = value->begin;
  std::string text = begin.size() >= kRowHeaderBytes
                         ? fmt::format("version {}, {}", RowVersion(begin),
                                       HexEncode(begin.substr(kRowHeaderBytes)))
                         : HexEncode(begin);
  if (is_cut) {
    text += fmt::format(".. ({} bytes)", value->size_bytes);
  }
  return text;
}

OrderedJson StoredJson(const std::optional<StoredValue>& value) {
  if (!value.has_value()) {
    return {};
  }
  OrderedJson json;
  if (value->begin.size() >= kRowHeaderBytes) {
    json["version"] = RowVersion(value->begin);
  }
  json["bytes"] = value->size_bytes;
  json["row"] = HexEncode(value->begin);
  return json;
}

OrderedJson ToJson(const RowSums& sums) {
  return {
      {"checksum", HexEncode(AsBytes(sums.checksum))}, {"rows", sums.rows}, {"bytes", sums.bytes}};
}

OrderedJson ToJson(const StateSums& sums) {
  OrderedJson json;
  for (const DataDb db : kAllDataDbs) {
    const DbSums& from = sums[IndexOf(db)];
    OrderedJson to = ToJson(from.total);
    to["modules"] = OrderedJson::object();
    for (const auto& [name, module] : from.modules) {
      to["modules"][name] = ToJson(module);
    }
    json[std::string(NameOf(db))] = std::move(to);
  }
  return json;
}

OrderedJson ToJson(const VersionSums& sums) {
  OrderedJson json = {{"version", sums.version}, {"root", HexEncode(AsBytes(sums.root))}};
  json["data_dbs"] = sums.has_sums ? ToJson(sums.dbs) : OrderedJson();
  return json;
}

}  // namespace flatkv::cli
