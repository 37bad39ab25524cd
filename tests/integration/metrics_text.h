// A scrape as Prometheus makes it: one HTTP GET, and the text format taken apart.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#pragma once

#include <map>
#include <string>
#include <vector>

namespace flatkv::test {

struct HttpAnswer {
  int status = 0;  // 0: nobody answered
  std::string body;
};

// `address` is "127.0.0.1:PORT" or "localhost:PORT".
HttpAnswer HttpGet(const std::string& address, const std::string& path);

struct MetricsText {
  std::map<std::string, std::string> help;  // by family
  std::map<std::string, std::string> type;
  std::map<std::string, double> values;  // by series: name{label="value",...}
  // What breaks a rule of the format: a series without HELP or TYPE, or one that comes twice.
  std::vector<std::string> problems;

  bool Has(const std::string& series) const { return values.count(series) != 0; }
  // The test fails if there is no such series.
  double operator[](const std::string& series) const;
};

MetricsText ParseMetrics(const std::string& text);
// GET /metrics, which must succeed.
MetricsText Scrape(const std::string& address);

}  // namespace flatkv::test
