#include "trace_file.hpp"

#include <hindsight/export.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace agent_monitor {

namespace {

constexpr std::size_t remembered_runs = 100'000;

}  // namespace

TraceFile::TraceFile(std::string path)
    : path_(std::move(path)), file_(path_, std::ios::binary),
      deliveries_(std::make_shared<hindsight::DeliveryLog>(remembered_runs)) {
    if (!file_) fail();
}

void TraceFile::write(const hindsight::EventStore& history) {
    hindsight::write_trace(file_, history.query(), deliveries_->runs());
    file_.close();
    if (!file_) fail();
}

void TraceFile::fail() const {
    throw std::runtime_error(fmt::format("cannot write {:?}: {}", path_, std::generic_category().message(errno)));
}

}  // namespace agent_monitor
