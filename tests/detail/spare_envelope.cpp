#include "support/catch.hpp"
#include "support/events.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/detail/spare_envelope.hpp>
#include <hindsight/event_bus.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::recycles_blocks;
using detail::SpareEnvelope;

namespace {

struct Plain {
    static constexpr std::string_view event_name = "plain.event";
    int number = 0;
};
struct Sized {
    static constexpr std::string_view event_name = "sized.event";
    std::size_t event_payload_bytes() const { return bytes; }
    std::size_t bytes = 0;
};
struct Large {
    static constexpr std::string_view event_name = "large.event";
    char bytes[SpareEnvelope::max_size] = {};
};

struct CopyFailed {};
struct FailingCopy {
    static constexpr std::string_view event_name = "failing.copy";
    explicit FailingCopy(int number_) : number(number_) {}
    FailingCopy(const FailingCopy& other) : number(other.number) {
        if (other.fails) throw CopyFailed();
    }
    int number;
    bool fails = false;
};

/// One that says nothing.
detail::Envelope& some_memory() {
    return *::new (::operator new(sizeof(detail::Envelope))) detail::Envelope;
}

TEST_CASE("a spare envelope is given out once, for its own type only", "[spare_envelope]") {
    if (!recycles_blocks) return;
    SpareEnvelope spare;
    const detail::EventType& type = detail::event_type<Plain>();
    const detail::EventType other = type;
    CHECK(spare.take(type, type.identity) == nullptr);
    detail::Envelope& first = some_memory();
    detail::Envelope& second = some_memory();
    REQUIRE(spare.keep(first, false, type, type.identity));
    CHECK_FALSE(spare.keep(second, false, type, type.identity));
    CHECK(spare.take(other, type.identity) == nullptr);
    CHECK(spare.take(type, type.identity + 1) == nullptr);  // another type lies at that address now
    CHECK(spare.take(type, type.identity) == &first);
    CHECK(spare.take(type, type.identity) == nullptr);
    REQUIRE(spare.keep(second, false, type, type.identity));
    spare.drop();
    CHECK(spare.take(type, type.identity) == nullptr);
    ::operator delete(&first);
}

TEST_CASE("a spare envelope of a type that comes no more makes way", "[spare_envelope]") {
    if (!recycles_blocks) return;
    SpareEnvelope spare;
    const detail::EventType& type = detail::event_type<Plain>();
    const detail::EventType& other = detail::event_type<Sized>();
    REQUIRE(spare.keep(some_memory(), false, type, type.identity));
    detail::Envelope& next = some_memory();
    int refused = 0;
    while (!spare.keep(next, false, other, other.identity)) {
        REQUIRE(++refused < 100);
        CHECK(spare.take(other, other.identity) == nullptr);
    }
    CHECK(refused > 1);  // not for a single event of another type
    CHECK(spare.take(type, type.identity) == nullptr);
    CHECK(spare.take(other, other.identity) == &next);
    ::operator delete(&next);
}

TEST_CASE("events in memory of earlier ones say what they are told, and nothing of those", "[spare_envelope]") {
    const auto clock = std::make_shared<ManualClock>();
    EventBus bus({.history = {.capacity = 2}, .clock = clock});
    EventBus other({.history = {.capacity = 2}, .clock = clock});
    for (int i = 0; i < 200; ++i) {
        clock->advance(std::chrono::seconds(1));
        const std::string text = std::to_string(i);
        EventBus& here = i % 5 == 0 ? other : bus;
        if (i % 3 == 0) {
            here.emit(Plain{i}, {.source = text,
                                 .key = text,
                                 .severity = Severity::error,
                                 .correlation = text,
                                 .cause = 1,
                                 .metadata = {{"number", text}}});
        } else {
            here.emit(Plain{i});
        }
        const auto newest = here.history().query({.limit = 1});
        REQUIRE(newest.size() == 1);
        const Record& record = newest[0];
        CHECK(record.as<Plain>().number == i);
        CHECK(record.time() == clock->now());
        const bool says_more = i % 3 == 0;
        CHECK(record.source() == (says_more ? text : ""));
        CHECK(record.key() == (says_more ? text : ""));
        CHECK(record.correlation() == (says_more ? text : ""));
        CHECK(record.cause() == (says_more ? 1 : 0));
        CHECK(record.severity() == (says_more ? Severity::error : Severity::info));
        CHECK(record.metadata().size() == (says_more ? 1 : 0));
        const Receipt next = here.emit(NamedEvent{"another.one"});
        CHECK(record.id().origin == here.history().query({.after_seq = next.seq - 1})[0].id().origin);
    }
}

TEST_CASE("sizes that events declare are counted anew for each", "[spare_envelope]") {
    EventBus bus({.history = {.capacity = 1, .max_payload_bytes = 1000}});
    bus.emit(Sized{0});
    const std::size_t header = bus.history().bytes();
    for (int i = 0; i < 50; ++i) {
        const auto bytes = static_cast<std::size_t>(i * 10 % 130);
        bus.emit(Sized{bytes});
        CHECK(bus.history().bytes() == header + bytes);
        CHECK(bus.history().query({})[0].payload_bytes() == bytes);
    }
    bus.emit(Sized{1001});
    CHECK(bus.history().query({})[0].truncated());
    bus.emit(Sized{7});
    CHECK_FALSE(bus.history().query({})[0].truncated());
}

TEST_CASE("no payload stays alive in a spare envelope, also of another thread", "[spare_envelope]") {
    std::size_t held = 1;
    std::thread([&] {
        EventBus bus({.history = {.capacity = 3}});
        for (int i = 0; i < 10; ++i) {
            bus.emit(Plain{i});
            bus.emit(Large{});
        }
        const std::vector<Record> kept = bus.history().query({.name = "plain.event"});
        held = bus.retire<Plain, Large>() - kept.size();
    }).join();
    CHECK(held == 0);
}

TEST_CASE("an event whose copy throws leaves nothing behind", "[spare_envelope][promise-6]") {
    EventBus bus({.history = {.capacity = 1}});
    FailingCopy event{1};
    for (int i = 0; i < 5; ++i) bus.emit(event);
    event.fails = true;
    CHECK_THROWS_AS(bus.emit(event), CopyFailed);
    event.fails = false;
    event.number = 7;
    bus.emit(event);
    CHECK(bus.history().query({})[0].as<FailingCopy>().number == 7);
    CHECK(bus.history().query({})[0].seq() == 6);
    bus.history().clear();
    CHECK(bus.retire<FailingCopy>() == 0);
}

}  // namespace
