// The ready-made middleware: limits, samples, duplicates, redaction.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/meddling.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/middlewares.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::InvalidArgument;
using hindsight::ManualClock;
using hindsight::Outcome;
using hindsight::Record;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

struct Login {
    static constexpr std::string_view event_name = "user.login";
    std::string user;
    std::string password;
    std::optional<int> pin = {};
    static constexpr auto event_key = &Login::user;
};

std::string reason_of(const hindsight::Receipt& receipt) {
    return std::string(receipt.reason());
}

/// A bus whose clock stands still.
struct Timed {
    std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(hindsight::TimePoint(1000h));
    EventBus bus{{.clock = clock}};

    /// How many of so many events are accepted now.
    int accepted(int count, std::string_view source = {}) {
        int passed = 0;
        for (int i = 0; i < count; ++i) passed += bus.emit(Tick{i}, {.source = source}) ? 1 : 0;
        return passed;
    }
};

TEST_CASE("a rate limit lets so many pass in each time, evenly", "[middlewares]") {
    Timed timed;
    const auto limit = timed.bus.use(hindsight::rate_limit({.events = 3, .per = 1s}));
    CHECK(timed.accepted(10) == 3);
    timed.clock->advance(333ms);
    CHECK(timed.accepted(10) == 0);
    timed.clock->advance(1ms);
    CHECK(timed.accepted(10) == 1);
    timed.clock->advance(666ms);
    CHECK(timed.accepted(10) == 2);  // a third of a nanosecond is not lost
    timed.clock->advance(1h);
    CHECK(timed.accepted(10) == 3);
    CHECK(limit.stats().vetoed == 41);
    CHECK(limit.stats().passed == 9);
    const auto refused = timed.bus.emit(Tick{});
    CHECK(refused.outcome == Outcome::vetoed);
    CHECK(refused.reason() == "rate_limit: more than 3 per 1 s");
}

TEST_CASE("a rate limit goes on when the clock is set back", "[middlewares]") {
    Timed timed;
    const auto limit = timed.bus.use(hindsight::rate_limit({.events = 1, .per = 1s}));
    CHECK(timed.accepted(2) == 1);
    timed.clock->advance(-1h);
    CHECK(timed.accepted(2) == 0);
    timed.clock->advance(1s);
    CHECK(timed.accepted(2) == 1);
}

TEST_CASE("each group has a rate limit of its own, and groups are bounded", "[middlewares]") {
    Timed timed;
    const auto limit =
        timed.bus.use(hindsight::rate_limit({.events = 2, .per = 1s, .by = hindsight::by_source, .max_groups = 2}));
    CHECK(timed.accepted(5, "a") == 2);
    CHECK(timed.accepted(5, "b") == 2);
    CHECK(timed.accepted(5, "a") == 0);
    CHECK(timed.accepted(5, "c") == 2);  // takes the place of b, which was not seen for longest
    CHECK(timed.accepted(5, "a") == 0);
    CHECK(timed.accepted(5, "b") == 2);
}

TEST_CASE("copies of a rate limit share it", "[middlewares]") {
    Timed timed;
    const auto limit = hindsight::rate_limit({.events = 2});
    const auto on_tick = timed.bus.use<Tick>(limit);
    const auto on_tock = timed.bus.use<Tock>(limit);
    CHECK(timed.bus.emit(Tick{}));
    CHECK(timed.bus.emit(Tock{}));
    CHECK_FALSE(timed.bus.emit(Tock{}));
    CHECK_FALSE(timed.bus.emit(Tick{}));
    CHECK(timed.bus.emit(Price{}));
}

TEST_CASE("rate limits of any size are exact", "[middlewares]") {
    Timed timed;
    SECTION("many events in a long time") {
        const auto limit = timed.bus.use(hindsight::rate_limit({.events = 1'000'000'000, .per = 24h}));
        CHECK(timed.accepted(100) == 100);
    }
    SECTION("more than one in a nanosecond") {
        const auto limit = timed.bus.use(hindsight::rate_limit({.events = 3, .per = 1ns}));
        CHECK(timed.accepted(10) == 3);
        timed.clock->advance(1ns);
        CHECK(timed.accepted(10) == 3);
    }
}

TEST_CASE("bad input to ready-made middleware is refused by name", "[middlewares]") {
    const auto message = [](auto make) -> std::string {
        try {
            make();
        } catch (const InvalidArgument& error) {
            return error.what();
        }
        return "nothing";
    };
    CHECK(message([] { hindsight::rate_limit({.events = 0}); }) == "rate_limit: events is 0: nothing would ever pass");
    CHECK(message([] { hindsight::rate_limit({.events = 1, .per = 0s}); }) == "rate_limit: per must be above 0");
    CHECK(message([] { hindsight::rate_limit({.events = 1, .per = -1s}); }) == "rate_limit: per must be above 0");
    CHECK(message([] { hindsight::rate_limit({.events = 1, .max_groups = 0}); }) == "rate_limit: max_groups is 0");
    CHECK(message([] { hindsight::rate_limit({.events = std::numeric_limits<std::size_t>::max(), .per = 7s}); }) ==
          "rate_limit: 18446744073709551615 events per 7 s is more than can be counted");
    CHECK(message([] { hindsight::sample({.one_in = 0}); }) == "sample: one_in is 0: nothing would ever pass");
    CHECK(message([] { hindsight::deduplicate({.window = -1ns}); }) == "deduplicate: the window is negative");
    CHECK(message([] { hindsight::deduplicate({}); }) == "deduplicate: the window is 0: nothing would be a duplicate");
    CHECK(message([] { hindsight::deduplicate({.window = 1s, .by = nullptr}); }) == "deduplicate: by is null");
    CHECK(message([] { hindsight::deduplicate({.window = 1s, .max_groups = 0}); }) == "deduplicate: max_groups is 0");
    CHECK(message([] { hindsight::redact_metadata({}); }) == "redact_metadata: there are no names");
    std::string Login::*const none = nullptr;
    CHECK(message([&] { hindsight::redact(&Login::user, none); }) == "redact: a field is null");
}

TEST_CASE("sampling lets one in so many pass, the first among them", "[middlewares]") {
    Timed timed;
    const auto sampling = timed.bus.use(hindsight::sample({.one_in = 4}));
    for (int number = 0; number < 9; ++number) CHECK(bool(timed.bus.emit(Tick{number})) == (number % 4 == 0));
    CHECK(reason_of(timed.bus.emit(Tick{})) == "sample: one in 4 passes");
}

TEST_CASE("sampling by groups passes all of a group or none", "[middlewares]") {
    Timed timed;
    const auto sampling = timed.bus.use(hindsight::sample({.one_in = 4, .by = hindsight::by_correlation}));
    int passed = 0;
    for (int number = 0; number < 400; ++number) {
        const std::string request = "request-" + std::to_string(number);
        const bool first = bool(timed.bus.emit(Tick{}, {.correlation = request}));
        for (int i = 0; i < 3; ++i) CHECK(bool(timed.bus.emit(Tock{}, {.correlation = request})) == first);
        passed += first ? 1 : 0;
    }
    CHECK(passed > 60);
    CHECK(passed < 140);
}

TEST_CASE("a duplicate within the window is vetoed, and the window does not move", "[middlewares]") {
    Timed timed;
    const auto once = timed.bus.use<Price>(hindsight::deduplicate({.window = 10s}));
    const auto emit = [&](const char* symbol) { return bool(timed.bus.emit(Price{symbol, 1})); };
    CHECK(emit("apple"));
    CHECK(emit("pear"));
    timed.clock->advance(6s);
    CHECK_FALSE(emit("apple"));
    timed.clock->advance(3'999'999'999ns);
    CHECK_FALSE(emit("apple"));
    timed.clock->advance(1ns);
    CHECK(emit("apple"));
    CHECK_FALSE(emit("apple"));
    CHECK(reason_of(timed.bus.emit(Price{"apple", 1})) == "deduplicate: the same again within 10 s");
}

TEST_CASE("de-duplication goes on when the clock is set back", "[middlewares]") {
    Timed timed;
    const auto once = timed.bus.use(hindsight::deduplicate({.window = 10s}));
    CHECK(timed.accepted(2) == 1);
    timed.clock->advance(-1h);
    CHECK(timed.accepted(2) == 0);
    timed.clock->advance(10s);
    CHECK(timed.accepted(2) == 1);
}

TEST_CASE("duplicates are known by name and key, or as the user says, and the memory for them is bounded",
          "[middlewares]") {
    Timed timed;
    SECTION("name and key") {
        const auto once = timed.bus.use(hindsight::deduplicate({.window = 10s}));
        CHECK(timed.bus.emit(Tick{1}));
        CHECK(timed.bus.emit(Tock{1}));
        CHECK_FALSE(timed.bus.emit(Tick{2}));
        CHECK(timed.bus.emit(Tick{2}, {.key = "other"}));
    }
    SECTION("a member") {
        const auto once = timed.bus.use<Tick>(
            hindsight::deduplicate({.window = 10s, .by = hindsight::by_field<Tick>(&Tick::number), .max_groups = 2}));
        CHECK(timed.bus.emit(Tick{1}));
        CHECK(timed.bus.emit(Tick{2}));
        CHECK_FALSE(timed.bus.emit(Tick{1}));
        CHECK(timed.bus.emit(Tick{3}));  // takes the place of 2
        CHECK_FALSE(timed.bus.emit(Tick{1}));
        CHECK(timed.bus.emit(Tick{2}));
    }
    SECTION("what a callable makes of it") {
        const auto even = hindsight::by_field<Tick>([](const Tick& tick) { return tick.number % 2; });
        const auto once = timed.bus.use(hindsight::deduplicate({.window = 10s, .by = even}));
        CHECK(timed.bus.emit(Tick{1}));
        CHECK(timed.bus.emit(Tick{2}));
        CHECK_FALSE(timed.bus.emit(Tick{3}));
        CHECK(timed.bus.emit(Tock{1}));
        CHECK_FALSE(timed.bus.emit(Price{}));  // neither is a Tick
    }
}

TEST_CASE("what a group function throws refuses the event", "[middlewares]") {
    EventBus bus({.on_error = [](const hindsight::HandlerError&) {}});
    const auto limit = bus.use(hindsight::rate_limit(
        {.events = 1, .by = [](const DraftView&) -> std::string { throw std::runtime_error("no group"); }}));
    CHECK(bus.emit(Tick{}).outcome == Outcome::middleware_failed);
    CHECK(reason_of(bus.emit(Tick{})) == "no group");
}

TEST_CASE("a group function and a clock may use the bus, and so may other threads meanwhile",
          "[middlewares][promise-4]") {
    const auto clock = std::make_shared<MeddlingClock>();
    EventBus bus({.clock = clock});
    Actions by_clock{&bus}, by_group{&bus};
    const auto group = [&](const DraftView& draft) {
        by_group();
        return hindsight::by_name(draft);
    };
    const auto limit = bus.use<Tick>(hindsight::rate_limit({.events = 1000, .by = group}));
    const auto once = bus.use<Tick>(hindsight::deduplicate({.window = 1s, .by = group}));
    clock->own = &by_clock;
    CHECK(bus.emit(Tick{}));
    clock->own = nullptr;
    CHECK(by_group.runs >= 1);
    CHECK(by_clock.runs >= 1);
}

TEST_CASE("what is redacted reaches neither history nor handlers", "[middlewares]") {
    EventBus bus({.history = {.policies = {{"user.*", hindsight::BucketRing{.capacity = 5}}}}});
    std::vector<Record> seen;
    const auto handler = bus.subscribe<Login>([&](const Record& record) { seen.push_back(record); },
                                              {.delivery = hindsight::Delivery::direct});
    const auto redaction = bus.use<Login>(hindsight::redact(&Login::user, &Login::password, &Login::pin));
    const auto of_metadata = bus.use(hindsight::redact_metadata({"token", "cookie"}));
    const Login given{"ann", "secret", 1234};
    bus.emit(given, {.metadata = {{"token", "1"}, {"path", "/"}, {"token", "2"}}});
    bus.emit(Tick{}, {.metadata = {{"cookie", "c"}}});
    CHECK(given.password == "secret");
    REQUIRE(seen.size() == 1);
    const auto& login = seen[0].as<Login>();
    CHECK(login.user == "[redacted]");
    CHECK(login.password == "[redacted]");
    CHECK_FALSE(login.pin);
    CHECK(seen[0].key() == "[redacted]");
    CHECK(seen[0].metadata("path") == "/");
    for (const auto& [name, value] : seen[0].metadata()) CHECK((name == "path" || value == "[redacted]"));
    CHECK(bus.history().query<Login>()[0]->password == "[redacted]");
    CHECK(bus.history().query<Tick>()[0].metadata("cookie") == "[redacted]");
}

}  // namespace
