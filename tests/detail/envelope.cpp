#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/events.hpp"

#include <hindsight/detail/envelope.hpp>

#include <cstddef>
#include <cstdint>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::Envelope;
using detail::EnvelopePtr;

namespace {

TEST_CASE("payload and texts lie behind the header in one piece of memory", "[envelope]") {
    const EnvelopePtr envelope = envelope_of(
        OverAligned{7}, 1, {.source = "source", .key = "key", .correlation = "correlation", .metadata = {{"n", "v"}}});
    const char* const start = reinterpret_cast<const char*>(envelope.get());
    const char* const payload = static_cast<const char*>(envelope->payload());
    CHECK(payload == start + Envelope::payload_offset(detail::event_type<OverAligned>()));
    CHECK(reinterpret_cast<std::uintptr_t>(payload) % alignof(OverAligned) == 0);
    CHECK(reinterpret_cast<const OverAligned*>(payload)->number == 7);
    CHECK(envelope->source().data() == payload + sizeof(OverAligned));
    CHECK(envelope->key().data() == envelope->source().data() + 6);
    CHECK(envelope->correlation().data() == envelope->key().data() + 3);
    CHECK(envelope->metadata() == envelope->correlation().data() + 11);
    const auto [name, value] = Envelope::metadata_entry(envelope->metadata());
    CHECK(name == "n");
    CHECK(value == "v");
    CHECK(Envelope::metadata_entry_size(envelope->metadata()) == 10);
}

TEST_CASE("the payload begins at the first place behind the header that suits it", "[envelope]") {
    for (const detail::EventType* type : {&detail::event_type<ClockTick>(), &detail::event_type<TaskCompleted>(),
                                          &detail::event_type<OverAligned>(), &detail::event_type<Alarm>()}) {
        const std::size_t offset = Envelope::payload_offset(*type);
        CHECK(offset % type->alignment == 0);
        CHECK(offset >= sizeof(Envelope));
        CHECK(offset < sizeof(Envelope) + type->alignment);
    }
}

TEST_CASE("the name is the type's, or the event's own", "[envelope]") {
    const EnvelopePtr typed = envelope_of(TaskCompleted{"t1"}, 1);
    CHECK(typed->name().data() == detail::event_type<TaskCompleted>().name.data());
    CHECK(typed->category() == "task");
    const std::string name = "a.name_known_at_run_time";
    const EnvelopePtr named = envelope_named(name, 1);
    CHECK(named->name() == name);
    CHECK(named->category() == "a");
    CHECK(named->source().empty());
}

TEST_CASE("the footprint is the header, the texts and the declared payload", "[envelope]") {
    CHECK(envelope_of(Blob{1000}, 1)->footprint == sizeof(Envelope) + 1000);
    CHECK(envelope_of(Blob{1000}, 1, {}, false)->footprint == sizeof(Envelope));
    CHECK(envelope_of(ClockTick{}, 1)->footprint == sizeof(Envelope) + sizeof(ClockTick));
    const std::size_t texts = envelope_of(Blob{0}, 1, {.source = "1234", .key = "12", .correlation = "123"})->footprint;
    CHECK(texts == sizeof(Envelope) + 9);
    const std::size_t metadata = envelope_of(Blob{0}, 1, {.metadata = {{"", ""}, {"12", "345"}}})->footprint;
    CHECK(metadata == sizeof(Envelope) + 5 + 2 * 2 * sizeof(std::uint32_t));
    const std::string name = "a.name_known_at_run_time";
    CHECK(envelope_named(name, 1)->footprint == sizeof(Envelope) + name.size() + sizeof(NamedEvent));
}

TEST_CASE("an envelope without its payload says so", "[envelope]") {
    const EnvelopePtr envelope = envelope_of(Fragile(), 1, {}, false);
    CHECK(Fragile::alive == 0);
    CHECK(envelope->payload() == nullptr);
    CHECK(envelope->has(Envelope::truncated));
    CHECK_FALSE(envelope->has(Envelope::has_payload));
    CHECK(envelope->payload_bytes == sizeof(Fragile));
    CHECK(envelope->key() == "the key");
}

TEST_CASE("the last reference destroys the payload", "[envelope]") {
    const int alive = Fragile::alive;
    EnvelopePtr first = envelope_of(Fragile(), 1);
    CHECK(Fragile::alive == alive + 1);
    EnvelopePtr copy = first;
    EnvelopePtr moved = std::move(first);
    CHECK_FALSE(first);
    CHECK(copy.get() == moved.get());
    CHECK(detail::references_in(copy->holders) == 2);
    const EnvelopePtr shared = EnvelopePtr::share(*copy);
    CHECK(detail::references_in(copy->holders) == 3);

    detail::Envelope* const bare = moved.detach();
    CHECK_FALSE(moved);
    CHECK(detail::references_in(copy->holders) == 3);
    detail::release(bare);
    CHECK(detail::references_in(copy->holders) == 2);
    EnvelopePtr& same = copy;
    copy = same;
    CHECK(detail::references_in(copy->holders) == 2);
    copy = EnvelopePtr();
    CHECK(Fragile::alive == alive + 1);
    CHECK(detail::references_in(shared->holders) == 1);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<EnvelopePtr>);
    STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<EnvelopePtr>);
}

TEST_CASE("threads share an envelope, and one of them destroys it, once", "[envelope]") {
    constexpr int threads = 4;
    for (int round = 0; round < 50; ++round) {
        const int alive = Fragile::alive;
        EnvelopePtr envelope = envelope_of(Fragile(), 1);
        {
            std::latch start(threads);
            std::vector<std::jthread> users;
            for (int i = 0; i < threads; ++i) {
                users.emplace_back([&start, own = envelope]() mutable {
                    start.arrive_and_wait();
                    for (int copies = 0; copies < 20; ++copies) const EnvelopePtr copy = own;
                    own = EnvelopePtr();
                });
            }
            envelope = EnvelopePtr();
        }
        REQUIRE(Fragile::alive == alive);
    }
}

}  // namespace
