#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/completion.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;
using detail::Deadline;
using detail::EnvelopePtr;

namespace {

/// An event that waits in so many mailboxes, with a reference for each.
EnvelopePtr pending_event(std::uint32_t mailboxes) {
    EnvelopePtr envelope = envelope_of(ClockTick{}, 1);
    detail::add_reference(*envelope, mailboxes);
    envelope->holders += mailboxes * detail::Envelope::one_delivery;
    return envelope;
}

TEST_CASE("an event in no mailbox is complete", "[completion]") {
    const EnvelopePtr envelope = pending_event(0);
    CHECK(detail::is_complete(*envelope));
    CHECK(detail::wait_for_completion(*envelope, Deadline::max()));
    CHECK(detail::deliveries_in(envelope->holders) == 0);
}

TEST_CASE("an event is complete when its last delivery has ended", "[completion]") {
    const EnvelopePtr envelope = pending_event(2);
    CHECK_FALSE(detail::is_complete(*envelope));
    detail::finish_delivery(envelope.get());
    CHECK_FALSE(detail::is_complete(*envelope));
    CHECK(detail::references_in(envelope->holders) == 2);
    detail::finish_delivery(envelope.get());
    CHECK(detail::is_complete(*envelope));
    CHECK(detail::references_in(envelope->holders) == 1);
}

TEST_CASE("a wait that was in vain may be repeated", "[completion]") {
    const EnvelopePtr envelope = pending_event(1);
    CHECK_FALSE(detail::wait_for_completion(*envelope, Deadline::min()));
    CHECK_FALSE(detail::is_complete(*envelope));
    CHECK_FALSE(detail::wait_for_completion(*envelope, Deadline::min()));
    detail::finish_delivery(envelope.get());
    CHECK(detail::is_complete(*envelope));
    CHECK(detail::wait_for_completion(*envelope, Deadline::max()));
}

TEST_CASE("whoever waits sees what the handlers did", "[completion]") {
    for (int round = 0; round < 200; ++round) {
        const EnvelopePtr envelope = pending_event(2);
        int done = 0, done_too = 0;  // not atomic: the completion orders them
        auto first = start([&] {
            done = 1;
            detail::finish_delivery(envelope.get());
        });
        auto second = start([&] {
            done_too = 1;
            detail::finish_delivery(envelope.get());
        });
        REQUIRE(detail::wait_for_completion(*envelope, Deadline::max()));
        REQUIRE(done + done_too == 2);
        get_soon(std::move(first));
        get_soon(std::move(second));
    }
}

TEST_CASE("several threads wait for one event", "[completion]") {
    const EnvelopePtr envelope = pending_event(1);
    std::atomic<int> waiting{0};
    const auto wait = [&] {
        ++waiting;
        return detail::wait_for_completion(*envelope, Deadline::max());
    };
    auto first = start(wait);
    auto second = start(wait);
    spin_until([&] { return waiting == 2; });
    detail::finish_delivery(envelope.get());
    CHECK(get_soon(std::move(first)));
    CHECK(get_soon(std::move(second)));
}

TEST_CASE("the last delivery may end the event while somebody is woken", "[completion]") {
    const int alive = Fragile::alive;
    for (int round = 0; round < 100; ++round) {
        EnvelopePtr envelope = envelope_of(Fragile(), 1);
        detail::add_reference(*envelope);
        envelope->holders += detail::Envelope::one_delivery;
        auto delivery = start([raw = envelope.get()] { detail::finish_delivery(raw); });
        detail::wait_for_completion(*envelope, Deadline::max());
        envelope = EnvelopePtr();
        get_soon(std::move(delivery));
        REQUIRE(Fragile::alive == alive);
    }
}

}  // namespace
