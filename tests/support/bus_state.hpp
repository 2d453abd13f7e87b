// What can be seen of a bus from outside, as text: two equal ones mean that a call has changed nothing.
#pragma once

#include <hindsight/event_bus.hpp>

#include <cstdint>
#include <string>

namespace hindsight::test {

/// But for what user code counts.
inline std::string state_of(const EventBus& bus) {
    const auto history = bus.history().stats();
    const auto stats = bus.stats();
    std::string text = "last seq " + std::to_string(bus.history().last_seq());
    const auto add = [&](const char* what, std::uint64_t number) {
        text += std::string(", ") + what + " " + std::to_string(number);
    };
    add("kept", history.size);
    add("bytes", history.bytes);
    add("stored", history.stored);
    add("refused", history.refused);
    add("emitted", stats.emitted);
    add("matched", stats.matched);
    add("delivered", stats.delivered);
    add("failed", stats.failed);
    add("dropped", stats.dropped);
    add("conflated", stats.conflated);
    add("discarded", stats.discarded);
    add("waiting", stats.queue_depth);
    add("subscriptions", bus.subscription_count());
    return text;
}

}  // namespace hindsight::test
