#include "server/metric_list.h"

#include "server/grpc_status.h"

namespace flatkv::server {

void MetricList::Gauge(std::string_view name, std::string_view help, double value, Labels labels) {
  Add(name, help, prometheus::MetricType::Gauge, labels).gauge.value = value;
}

void MetricList::Counter(std::string_view name, std::string_view help, double value,
                         Labels labels) {
  Add(name, help, prometheus::MetricType::Counter, labels).counter.value = value;
}

void MetricList::Histogram(std::string_view name, std::string_view help,
                           prometheus::ClientMetric::Histogram value, Labels labels) {
  Add(name, help, prometheus::MetricType::Histogram, labels).histogram = std::move(value);
}

prometheus::ClientMetric& MetricList::Add(std::string_view name, std::string_view help,
                                          prometheus::MetricType type, Labels labels) {
  if (families_.empty() || families_.back().name != name) {
    prometheus::MetricFamily family;
    family.name = std::string(name);
    family.help = std::string(help);
    family.type = type;
    families_.push_back(std::move(family));
  }
  prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
  for (const auto& [label, value] : labels) {
    metric.label.push_back({std::string(label), PrintableText(value)});
  }
  return metric;
}

}  // namespace flatkv::server
