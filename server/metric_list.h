// The metrics of one scrape, built one by one. Families come out in the order in which they were
// added; one name is one family.
//
// Thread safety: none; one list for each scrape.
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flatkv::server {

class MetricList {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Names and helps are constants of the callers. Calls with the same name follow each other, and
  // each has other labels. Label values may have any bytes: what is not printable ASCII becomes
  // '?'.
  void Gauge(std::string_view name, std::string_view help, double value, Labels labels = {});
  void Counter(std::string_view name, std::string_view help, double value, Labels labels = {});
  void Histogram(std::string_view name, std::string_view help,
                 prometheus::ClientMetric::Histogram value, Labels labels = {});

  std::vector<prometheus::MetricFamily> Take() { return std::move(families_); }

 private:
  prometheus::ClientMetric& Add(std::string_view name, std::string_view help,
                                prometheus::MetricType type, Labels labels);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace flatkv::server
