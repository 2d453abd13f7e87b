// TraceFile: where the trace of the run goes, for Perfetto.
#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/event_store.hpp>

#include <fstream>
#include <memory>
#include <string>

namespace agent_monitor {

class TraceFile {
public:
    /// Throws std::runtime_error, with a message for the user, if it cannot be written.
    explicit TraceFile(std::string path);

    /// For the bus's options.
    const std::shared_ptr<hindsight::DeliveryLog>& deliveries() const noexcept { return deliveries_; }

    /// Writes all that history and the log remember. Throws as above. To be called once.
    void write(const hindsight::EventStore& history);

private:
    [[noreturn]] void fail() const;

    std::string path_;
    std::ofstream file_;
    std::shared_ptr<hindsight::DeliveryLog> deliveries_;
};

}  // namespace agent_monitor
