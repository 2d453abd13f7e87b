#include "health.hpp"

#include "events.hpp"

#include <fmt/format.h>

#include <chrono>

namespace agent_monitor {

namespace {

constexpr std::chrono::seconds too_long{5};

double seconds(hindsight::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

Health::Health(hindsight::EventBus& bus, Console& console) : console_(console) {
    // Of several heartbeats of an agent that wait, only the newest tells something.
    const hindsight::MailboxOptions newest_per_agent{.overflow = hindsight::Overflow::conflate};
    heartbeats_ = bus.subscribe<Heartbeat>([this](const hindsight::Record& heartbeat) { hear(heartbeat); },
                                           {.name = "health", .mailbox = newest_per_agent});
    ends_ = bus.subscribe<AgentTerminated>([this](const hindsight::Record& termination) { note_end(termination); },
                                           {.name = "health"});
}

void Health::check(hindsight::TimePoint now) {
    const std::lock_guard lock(mutex_);
    for (auto& [name, agent] : agents_) {
        if (agent.has_ended || agent.is_silent || now - agent.last_heard < too_long) continue;
        agent.is_silent = true;
        ++agent.silences;
        console_.print(
            fmt::format("agent_monitor: {} has been silent for {:.1f} s", name, seconds(now - agent.last_heard)));
    }
}

unsigned Health::silences(std::string_view agent) const {
    const std::lock_guard lock(mutex_);
    const auto found = agents_.find(agent);
    return found == agents_.end() ? 0 : found->second.silences;
}

void Health::hear(const hindsight::Record& heartbeat) {
    const std::lock_guard lock(mutex_);
    Agent& agent = agents_[std::string(heartbeat.key())];
    if (agent.is_silent) {
        const double silence = seconds(heartbeat.time() - agent.last_heard);
        console_.print(fmt::format("agent_monitor: {} is back after {:.1f} s", heartbeat.key(), silence));
    }
    agent.is_silent = false;
    agent.last_heard = heartbeat.time();
}

void Health::note_end(const hindsight::Record& termination) {
    const std::lock_guard lock(mutex_);
    agents_[std::string(termination.source())].has_ended = true;
}

}  // namespace agent_monitor
