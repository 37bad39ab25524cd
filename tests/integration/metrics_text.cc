#include "tests/integration/metrics_text.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

namespace flatkv::test {
namespace {

std::string Exchange(int fd, const std::string& request) {
  std::string answer;
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return answer;
  }
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
    answer.append(buffer.data(), static_cast<size_t>(got));
  }
  return answer;
}

// The family that a series belongs to: histograms have three kinds of series.
std::string FamilyOf(const std::string& name, const std::map<std::string, std::string>& types) {
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (name.size() > suffix.size() &&
        name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0) {
      const std::string family = name.substr(0, name.size() - suffix.size());
      const auto type = types.find(family);
      if (type != types.end() && (type->second == "histogram" || type->second == "summary")) {
        return family;
      }
    }
  }
  return name;
}

void ParseComment(const std::string& line, MetricsText* metrics) {
  std::istringstream words(line);
  std::string hash;
  std::string kind;
  std::string family;
  std::string rest;
  words >> hash >> kind >> family;
  std::getline(words >> std::ws, rest);
  auto& table = kind == "HELP" ? metrics->help : metrics->type;
  if ((kind != "HELP" && kind != "TYPE") || rest.empty() || !table.emplace(family, rest).second) {
    metrics->problems.push_back("bad or repeated: " + line);
  }
}

void ParseSample(const std::string& line, MetricsText* metrics) {
  const size_t space = line.rfind(' ');
  const std::string series = line.substr(0, space);
  const std::string family = FamilyOf(series.substr(0, series.find('{')), metrics->type);
  char* end = nullptr;
  const double value = std::strtod(line.c_str() + space + 1, &end);
  if (space == std::string::npos || *end != '\0') {
    metrics->problems.push_back("no number: " + line);
  }
  if (metrics->help.count(family) == 0 || metrics->type.count(family) == 0) {
    metrics->problems.push_back("no HELP or TYPE before: " + line);
  }
  if (!metrics->values.emplace(series, value).second) {
    metrics->problems.push_back("twice: " + line);
  }
}

}  // namespace

HttpAnswer HttpGet(const std::string& address, const std::string& path) {
  HttpAnswer answer;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port =
      htons(static_cast<uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    const std::string text =
        Exchange(fd, "GET " + path + " HTTP/1.0\r\nHost: " + address + "\r\n\r\n");
    const size_t head = text.find("\r\n\r\n");
    if (text.rfind("HTTP/", 0) == 0 && head != std::string::npos) {
      answer.status = std::atoi(text.c_str() + text.find(' '));
      answer.body = text.substr(head + 4);
    }
  }
  close(fd);
  return answer;
}

double MetricsText::operator[](const std::string& series) const {
  const auto found = values.find(series);
  if (found == values.end()) {
    ADD_FAILURE() << "there is no series " << series;
    return -1;
  }
  return found->second;
}

MetricsText ParseMetrics(const std::string& text) {
  MetricsText metrics;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind('#', 0) == 0) {
      ParseComment(line, &metrics);
    } else {
      ParseSample(line, &metrics);
    }
  }
  return metrics;
}

MetricsText Scrape(const std::string& address) {
  const HttpAnswer answer = HttpGet(address, "/metrics");
  EXPECT_EQ(answer.status, 200) << answer.body;
  return ParseMetrics(answer.body);
}

}  // namespace flatkv::test
