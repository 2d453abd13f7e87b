#include "totals.hpp"

#include "events.hpp"

namespace agent_monitor {

Totals::Totals(hindsight::EventBus& bus) {
    // Nothing may be missing here: agents that are too fast have to wait.
    const hindsight::MailboxOptions complete{.overflow = hindsight::Overflow::block};
    files_read_ = bus.subscribe<FileIndexed>(
        [this](const FileIndexed& file) {
            ++files_;
            bytes_ += file.bytes;
            lines_ += file.lines;
        },
        {.name = "totals", .mailbox = complete});
    errors_met_ =
        bus.subscribe<AgentError>([this](const AgentError&) { ++errors_; }, {.name = "totals", .mailbox = complete});
}

}  // namespace agent_monitor
