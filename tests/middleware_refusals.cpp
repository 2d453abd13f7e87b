// Promises 3 and 8: events that middleware vetoes, and middleware that fails.
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::InvalidArgument;
using hindsight::NamedEvent;
using hindsight::Outcome;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Severity;
using namespace hindsight::test;

namespace {

/// Collects what the error handler of a bus is told.
struct Errors {
    hindsight::BusOptions options() {
        return {.on_error = [this](const HandlerError& error) { all.push_back(error); }};
    }
    std::vector<HandlerError> all;
};

constexpr auto fail = [](DraftView&) { throw std::runtime_error("middleware fails"); };

TEST_CASE("an event that names itself keeps its name", "[middleware]") {
    Errors errors;
    EventBus bus(errors.options());
    const auto reading = bus.use<NamedEvent>([](const NamedEvent&, DraftView& draft) { draft.set_source("seen"); });
    const auto renaming = bus.use<NamedEvent>([](NamedEvent& event) {
        if (event.name == "job.begun") event.name = "job.ended";
    });
    CHECK(bus.emit(NamedEvent{"job.ended"}).outcome == Outcome::recorded);
    CHECK(bus.history().query({.name = "job.ended", .source = "seen"}).size() == 1);
    const Receipt receipt = bus.emit(NamedEvent{"job.begun"});
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.reason().find("\"job.begun\" was renamed to \"job.ended\"") != std::string_view::npos);
    CHECK(bus.history().query().size() == 1);
}

TEST_CASE("a vetoed event reaches nobody, takes no seq, and its receipt says why", "[middleware][promise-8]") {
    const bool kept = GENERATE(true, false);
    EventBus bus({.history = {.capacity = kept ? 100u : 0u}});
    int calls = 0, later = 0;
    const auto direct = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, {.delivery = Delivery::direct});
    const auto gate = bus.use<Tick>(
        [](const Tick& tick, DraftView& draft) {
            if (tick.number % 2 == 0) return;
            draft.veto("odd numbers are not wanted");
            draft.veto("a second reason");
            CHECK(draft.vetoed());
        },
        {.name = "gate"});
    const auto after = bus.use([&](DraftView&) { ++later; });
    const Receipt refused = bus.emit(Tick{1});
    CHECK_FALSE(refused);
    CHECK(refused.seq == 0);
    CHECK(refused.outcome == Outcome::vetoed);
    CHECK(refused.reason() == "odd numbers are not wanted");
    CHECK(refused.refused_by() == "gate");
    CHECK_NOTHROW(refused.wait());
    CHECK(later == 0);
    const Receipt accepted = bus.emit(Tick{2});
    CHECK(accepted.seq == 1);
    CHECK(accepted.reason().empty());
    CHECK(accepted.refused_by().empty());
    CHECK(later == 1);
    CHECK(calls == 1);
    CHECK(bus.history().query().size() == (kept ? 1u : 0u));
    const auto stats = bus.stats();
    CHECK(stats.emitted == 1);
    CHECK(stats.refused_vetoed == 1);
    CHECK(stats.refused_failed == 0);
    CHECK(stats.delivered == 1);
    REQUIRE(stats.middleware.size() == 2);
    CHECK(stats.middleware[0].name == "gate");
    CHECK(stats.middleware[0].pattern == "test.tick");
    CHECK(stats.middleware[0].vetoed == 1);
    CHECK(stats.middleware[0].passed == 1);
    CHECK(stats.middleware[1].pattern == "*");
    CHECK(stats.middleware[1].passed == 1);
    CHECK(gate.stats().vetoed == 1);
    bus.reset_stats();
    CHECK(gate.stats().vetoed == 0);
    CHECK(gate.stats().passed == 0);
    CHECK(bus.stats().refused_vetoed == 0);
}

TEST_CASE("a receipt of a refused event outlives the bus", "[middleware][promise-13]") {
    Receipt receipt;
    {
        EventBus bus;
        const auto gate = bus.use([](DraftView& draft) { draft.veto("no"); });
        receipt = bus.emit(Tick{});
        CHECK(receipt.refused_by() == "#" + std::to_string(gate.id()));
    }
    CHECK(receipt.reason() == "no");
}

TEST_CASE("middleware that throws refuses the event and is reported", "[middleware][promise-3]") {
    Errors errors;
    EventBus bus(errors.options());
    std::vector<Record> failures;
    const auto watcher = bus.subscribe<HandlerError>([&](const Record& record) { failures.push_back(record); },
                                                     {.delivery = Delivery::direct});
    int calls = 0;
    const auto handler = bus.subscribe("test.*", [&](const Record&) { ++calls; }, {.delivery = Delivery::direct});
    const auto middleware = bus.use<Tick>(fail, {.name = "broken"});
    const Receipt receipt =
        bus.emit(Tick{3}, {.source = "here", .key = "secret", .correlation = "c", .metadata = {{"secret", "1"}}});
    CHECK(receipt.seq == 0);
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.reason() == "middleware fails");
    CHECK(receipt.refused_by() == "broken");
    CHECK(bus.emit(Tock{}));
    CHECK(calls == 1);
    REQUIRE(errors.all.size() == 1);
    CHECK(errors.all[0].handler == "broken");
    CHECK_THROWS_WITH(std::rethrow_exception(errors.all[0].error), "middleware fails");
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].correlation() == "c");
    const Record& refused = failures[0].as<HandlerError>().record;
    CHECK(refused.name() == "test.tick");
    CHECK(refused.source() == "here");
    CHECK(refused.seq() == 0);
    // What it was to take out must not stand in history all the same.
    CHECK(refused.truncated());
    CHECK(refused.get_if<Tick>() == nullptr);
    CHECK(refused.key().empty());
    CHECK(refused.metadata().empty());
    const auto stats = bus.stats();
    CHECK(stats.refused_failed == 1);
    CHECK(stats.failed == 1);
    CHECK(stats.emitted == 2);  // the failure and the other event
    CHECK(middleware.stats().failed == 1);
    CHECK(middleware.stats().passed == 0);
}

TEST_CASE("a failure of middleware is not thrown at the emitter, whatever the error policy", "[middleware]") {
    EventBus bus({.errors = hindsight::ErrorPolicy::rethrow, .on_error = [](const HandlerError&) {}});
    const auto middleware = bus.use([](DraftView&) { throw 7; });
    Receipt receipt;
    CHECK_NOTHROW(receipt = bus.emit(Tick{}));
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.reason() == "an exception that is not a std::exception");
}

TEST_CASE("failing middleware for failures does not recurse", "[middleware][promise-3]") {
    Errors errors;
    EventBus bus(errors.options());
    const auto on_tick = bus.use<Tick>(fail, {.name = "on tick"});
    const auto on_failure =
        bus.use<HandlerError>([](const HandlerError&) { throw std::runtime_error("again"); }, {.name = "on failure"});
    CHECK(bus.emit(Tick{}).outcome == Outcome::middleware_failed);
    REQUIRE(errors.all.size() == 2);
    CHECK(errors.all[0].handler == "on failure");
    CHECK(errors.all[1].handler == "on tick");
}

TEST_CASE("bad input to a draft refuses the event and names the culprit", "[middleware]") {
    Errors errors;
    EventBus bus(errors.options());
    const std::string long_text(70'000, 'x');
    std::string culprit;
    std::function<void(DraftView&)> change;
    SECTION("a veto without a reason") {
        change = [](DraftView& draft) { draft.veto(""); };
        culprit = "veto: the reason is empty";
    }
    SECTION("a source that is too long") {
        change = [&](DraftView& draft) { draft.set_source(long_text); };
        culprit = "the source has 70000 bytes";
    }
    SECTION("a key that is too long") {
        change = [&](DraftView& draft) { draft.edit_if<Price>()->symbol = long_text; };
        culprit = "the key has 70000 bytes";
    }
    SECTION("a correlation that is too long") {
        change = [&](DraftView& draft) { draft.set_correlation(long_text); };
        culprit = "the correlation has 70000 bytes";
    }
    SECTION("a severity that is none") {
        change = [](DraftView& draft) { draft.set_severity(static_cast<Severity>(77)); };
        culprit = "severity is no Severity";
    }
    int later = 0;
    const auto innocent = bus.use([](DraftView&) {}, {.name = "innocent"});
    const auto guilty = bus.use(change, {.name = "guilty"});
    const auto after = bus.use([&](DraftView&) { ++later; }, {.name = "after"});
    const Receipt receipt = bus.emit(Price{"apple", 1});
    CHECK(receipt.outcome == Outcome::middleware_failed);
    CHECK(receipt.refused_by() == "guilty");
    CHECK(receipt.reason().find(culprit) != std::string_view::npos);
    CHECK(later == 0);
    REQUIRE(errors.all.size() == 1);
    CHECK_THROWS_AS(std::rethrow_exception(errors.all[0].error), InvalidArgument);
    CHECK(bus.history().query().empty());
}

TEST_CASE("bad input to use is refused and changes nothing", "[middleware]") {
    EventBus bus;
    CHECK_THROWS_AS(bus.use(std::function<void(DraftView&)>()).detach(), InvalidArgument);
    CHECK_THROWS_AS(bus.use<Tick>(std::function<void(Tick&)>()).detach(), InvalidArgument);
    CHECK_THROWS_AS(bus.use("bad..pattern", fail).detach(), hindsight::InvalidName);
    CHECK(bus.stats().middleware.empty());
    CHECK(bus.emit(Tick{}));
    bus.shutdown(std::chrono::seconds(1));
    CHECK_THROWS_AS(bus.use(fail).detach(), hindsight::Closed);
}

}  // namespace
