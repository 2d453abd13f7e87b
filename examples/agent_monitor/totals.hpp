// Totals: the results of all agents added up.
#pragma once

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <cstdint>

namespace agent_monitor {

/// May be read at any time; exact once the bus is drained.
class Totals {
public:
    explicit Totals(hindsight::EventBus& bus);

    std::uint64_t files() const noexcept { return files_; }
    std::uint64_t bytes() const noexcept { return bytes_; }
    std::uint64_t lines() const noexcept { return lines_; }
    std::uint64_t errors() const noexcept { return errors_; }

private:
    std::atomic<std::uint64_t> files_ = 0;
    std::atomic<std::uint64_t> bytes_ = 0;
    std::atomic<std::uint64_t> lines_ = 0;
    std::atomic<std::uint64_t> errors_ = 0;
    hindsight::Subscription files_read_;  // last: the handlers use the others
    hindsight::Subscription errors_met_;
};

}  // namespace agent_monitor
