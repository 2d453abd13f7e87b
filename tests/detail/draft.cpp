#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"

#include <hindsight/detail/draft.hpp>
#include <hindsight/error.hpp>

#include <chrono>
#include <string>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;
using detail::Draft;
using detail::EnvelopePtr;

namespace {

TEST_CASE("a draft tells what the event's traits say", "[draft]") {
    const Heartbeat event{"the agent", 3};
    const EmitOptions options{.source = "rack"};
    detail::with_draft(event, options, [&](const Draft& draft) {
        CHECK(&draft.type == &detail::event_type<Heartbeat>());
        CHECK(draft.event == &event);
        CHECK(draft.name() == "agent.heartbeat");
        CHECK(draft.key() == "the agent");
        CHECK(draft.payload_bytes == sizeof(Heartbeat));
        CHECK(&draft.options == &options);
        CHECK_FALSE(draft.may_move);
    });
    detail::with_draft(ClockTick{}, {}, [](const Draft& draft) { CHECK(draft.key().empty()); });
    detail::with_draft(Blob{77}, {}, [](const Draft& draft) { CHECK(draft.payload_bytes == 77); });
    detail::with_draft(NamedEvent{"own.name"}, {}, [](const Draft& draft) { CHECK(draft.name() == "own.name"); });
    detail::with_draft(TaskCompleted{}, {}, [](const Draft& draft) { CHECK(draft.may_move); });
}

TEST_CASE("a draft knows whether its event can be recorded once more", "[draft]") {
    const auto outlasts = [](auto&& event) {
        return detail::with_draft(std::forward<decltype(event)>(event), {},
                                  [](const Draft& draft) { return draft.outlasts_recording(); });
    };
    const TaskCompleted task{"t1"};
    ClockTick tick;
    CHECK(outlasts(task));
    CHECK(outlasts(std::move(task)));  // a constant is copied all the same
    CHECK_FALSE(outlasts(TaskCompleted{"t2"}));
    CHECK(outlasts(tick));
    CHECK(outlasts(std::move(tick)));  // moving takes nothing away from it
    CHECK_FALSE(outlasts(MoveOnly{}));
}

TEST_CASE("drafting passes on what its user returns", "[draft]") {
    CHECK(detail::with_draft(ClockTick{}, {}, [](const Draft&) { return 42; }) == 42);
}

TEST_CASE("only temporaries are moved from", "[draft]") {
    const std::string text(100, 't');
    TaskCompleted event{text};
    const auto task_id_of = [](const EnvelopePtr& made) {
        return static_cast<const TaskCompleted*>(made->payload())->task_id;
    };
    CHECK(task_id_of(envelope_of(event, 1)) == text);
    CHECK(task_id_of(envelope_of(std::as_const(event), 1)) == text);
    CHECK(event.task_id == text);
    CHECK(task_id_of(envelope_of(std::move(event), 1)) == text);
    CHECK(event.task_id.empty());
}

TEST_CASE("an envelope says what draft and stamp said", "[draft]") {
    const TimePoint time{std::chrono::seconds(9)};
    const EmitOptions options{.source = "rack", .severity = Severity::debug, .metadata = {{"a", "1"}, {"b", "2"}}};
    const EnvelopePtr envelope =
        detail::with_draft(Heartbeat{"the agent whose heart beats", 3}, options, [&](const Draft& draft) {
            return detail::make_envelope(
                draft,
                {.time = time, .origin = 11, .cause = 5, .correlation = "c", .flags = detail::Envelope::replayed},
                detail::ThreadSlot::current());
        });
    CHECK(envelope->time == time);
    CHECK(envelope->origin == 11);
    CHECK(envelope->cause == 5);
    CHECK(envelope->correlation() == "c");
    CHECK(envelope->source() == "rack");
    CHECK(envelope->key() == "the agent whose heart beats");
    CHECK(envelope->severity == Severity::debug);
    CHECK(envelope->metadata_count == 2);
    CHECK(envelope->has(detail::Envelope::replayed));
    CHECK(envelope->has(detail::Envelope::has_payload));
    CHECK(envelope->seq == 0);
    CHECK(envelope->holders == detail::Envelope::one_reference);
    CHECK(static_cast<const Heartbeat*>(envelope->payload())->beat == 3);
}

TEST_CASE("the texts of an event that is moved in are its own, however short", "[draft]") {
    const EnvelopePtr beat = envelope_of(Heartbeat{"a1", 3}, 1);
    CHECK(beat->key() == "a1");
    CHECK(static_cast<const Heartbeat*>(beat->payload())->agent == "a1");
    CHECK(envelope_of(NamedEvent{"a.b"}, 1)->name() == "a.b");
    CHECK(envelope_of(NamedEvent{"a.b"}, 1)->category() == "a");
}

TEST_CASE("a payload whose copy throws leaves nothing behind", "[draft][promise-6]") {
    const int alive = Fragile::alive;
    {
        const Fragile event(Fragile::Step::copy);
        CHECK_THROWS_WITH(envelope_of(event, 1), "fragile");
        CHECK(Fragile::alive == alive + 1);
    }
    CHECK(Fragile::alive == alive);
}

TEST_CASE("names that are none, and the library's, are refused", "[draft]") {
    const auto check_name = [](const char* name) {
        detail::with_draft(NamedEvent{name}, {}, [](const Draft& draft) { detail::check(draft); });
    };
    CHECK_NOTHROW(check_name("fine.name"));
    CHECK_THROWS_AS(check_name("not..fine"), InvalidName);
    CHECK_THROWS_AS(check_name("hindsight.anything"), InvalidName);
}

TEST_CASE("payloads are counted as they are made and destroyed", "[draft]") {
    const detail::PayloadCount& count = *detail::event_type<OverAligned>().payloads;
    const auto alive = [&] { return count.made.get() - count.destroyed.get(); };
    const auto before = alive();
    EnvelopePtr one = envelope_of(OverAligned{}, 1);
    const EnvelopePtr truncated = envelope_of(OverAligned{}, 2, {}, false);
    CHECK(alive() == before + 1);
    one = EnvelopePtr();
    CHECK(alive() == before);
}

}  // namespace
