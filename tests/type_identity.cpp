// Promise 12: one name, one C++ type.
#include "support/catch.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <latch>
#include <string>
#include <string_view>
#include <utility>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::TypeConflict;
using namespace hindsight::test;

namespace type_identity {

struct First {
    static constexpr std::string_view event_name = "shared.name";
    int number = 0;
};

struct Second {
    static constexpr std::string_view event_name = "shared.name";
    double number = 0;
};

/// The same layout as First.
struct Third {
    static constexpr std::string_view event_name = "shared.name";
    int number = 0;
};

/// Names itself, as NamedEvent does.
struct Labelled {
    std::string label;
    int number = 0;
};

}  // namespace type_identity

template <>
struct hindsight::EventTraits<type_identity::Labelled> : hindsight::DefaultEventTraits<type_identity::Labelled> {
    static constexpr std::string_view name = {};
    static std::string_view name_of(const type_identity::Labelled& event) { return event.label; }
};

using namespace type_identity;

namespace {

TEST_CASE("a second type with the name of another is refused when it is emitted", "[type_identity][promise-12]") {
    EventBus bus;
    int calls = 0;
    const auto subscription = bus.subscribe<First>([&](const First&) { ++calls; }, {.delivery = Delivery::direct});
    CHECK(bus.emit(First{1}));
    CHECK(refuses<TypeConflict>("shared.name", [&] { bus.emit(Second{2}); }));
    CHECK(refuses<TypeConflict>("the type type_identity::First, not to type_identity::Third",
                                [&] { bus.emit(Third{3}); }));
    CHECK(bus.emit(First{4}));
    CHECK(calls == 2);
    CHECK(bus.history().size() == 2);
    CHECK(bus.history().last_seq() == 2);
    CHECK(bus.stats().emitted == 2);
}

TEST_CASE("types that name their events themselves are told apart under one name", "[type_identity][promise-12]") {
    EventBus bus;
    std::string names;
    int sum = 0;
    const auto named = bus.subscribe<NamedEvent>([&](const NamedEvent& event) { names += event.name; },
                                                 {.delivery = Delivery::direct});
    const auto labelled =
        bus.subscribe<Labelled>([&](const Labelled& event) { sum += event.number; }, {.delivery = Delivery::direct});
    CHECK(bus.emit(NamedEvent{"a.b"}).matched == 1);
    CHECK(bus.emit(Labelled{"a.b", 5}).matched == 1);
    CHECK(bus.emit(NamedEvent{"a.b"}).matched == 1);
    CHECK(names == "a.ba.b");
    CHECK(sum == 5);
    CHECK(bus.stats().by_name.at("a.b").emitted == 3);
}

TEST_CASE("a second type with the name of another is refused when it is subscribed to", "[type_identity][promise-12]") {
    EventBus bus;
    bus.emit(First{});
    CHECK(
        refuses<TypeConflict>("shared.name", [&] { static_cast<void>(bus.subscribe<Second>([](const Second&) {})); }));
    CHECK(bus.subscription_count() == 0);
    CHECK(bus.emit(First{}).matched == 0);
}

TEST_CASE("the name belongs to the type that is subscribed to first, even before any event", "[type_identity]") {
    EventBus bus;
    const auto subscription = bus.subscribe<Second>([](const Second&) {}, {.delivery = Delivery::direct});
    CHECK_THROWS_AS(bus.emit(First{}), TypeConflict);
    CHECK(bus.emit(Second{}).matched == 1);
}

TEST_CASE("each bus decides by itself which type has a name", "[type_identity]") {
    EventBus one, other;
    CHECK(one.emit(First{}));
    CHECK(other.emit(Second{}));
    CHECK_THROWS_AS(one.emit(Second{}), TypeConflict);
    CHECK_THROWS_AS(other.emit(First{}), TypeConflict);
}

TEST_CASE("a record is never read as a type of the same name and size", "[type_identity][promise-12]") {
    EventBus bus;
    bus.emit(First{5});
    const auto kept = bus.history().query();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].get_if<First>() != nullptr);
    CHECK(kept[0].get_if<Third>() == nullptr);
    CHECK_THROWS_AS(kept[0].as<Third>(), hindsight::BadEventCast);
    CHECK(bus.history().query<Third>().empty());
}

TEST_CASE("events named at run time share names with types without conflict", "[type_identity]") {
    EventBus bus;
    std::string seen;
    const auto named = bus.subscribe(
        "shared.name",
        [&](const Record& record) {
            seen += record.get_if<First>() != nullptr ? 'f' : record.get_if<NamedEvent>() != nullptr ? 'n' : '?';
        },
        {.delivery = Delivery::direct});
    bus.emit(NamedEvent{"shared.name"});
    bus.emit(First{});
    bus.emit(NamedEvent{"shared.name"});
    CHECK(seen == "nfn");
}

TEST_CASE("threads that emit conflicting types at once agree on one", "[type_identity][promise-12]") {
    for (int round = 0; round < 50; ++round) {
        EventBus bus;
        std::latch together(2);
        const auto accepted = [&](auto event) {
            return start([&bus, &together, event] {
                together.arrive_and_wait();
                try {
                    return static_cast<bool>(bus.emit(event));
                } catch (const TypeConflict&) {
                    return false;
                }
            });
        };
        auto first = accepted(First{});
        auto second = accepted(Second{});
        const bool first_accepted = get_soon(std::move(first));
        const bool second_accepted = get_soon(std::move(second));
        REQUIRE(first_accepted != second_accepted);
        REQUIRE(bus.history().size() == 1);
    }
}

}  // namespace
