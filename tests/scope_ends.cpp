// How scopes end, and everything in them: by the last handle, with the scope above, with the bus, amid handlers.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/scope.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <latch>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::Closed;
using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::InvalidArgument;
using hindsight::Outcome;
using hindsight::Record;
using hindsight::Scope;
using hindsight::SubscribeOptions;
using namespace hindsight::test;

namespace {

const SubscribeOptions direct{.delivery = Delivery::direct};

struct Watcher {
    void on_event(const Tick&) {}
};

/// Its key function is user code that runs in the middle of every call that emits it.
struct Ending {
    static constexpr std::string_view event_name = "test.ending";
    Scope* scope = nullptr;
    std::string event_key() const {
        scope->end();
        return "key";
    }
};

TEST_CASE("the end of a scope ends all that is in it, and no more", "[scope][promise-5]") {
    EventBus bus;
    std::optional<Scope> scope(bus.scope("a"));
    const Scope below = bus.scope("a.b");  // made on the bus: it is nobody's
    const Scope nested = scope->scope("nested");
    const Scope deeper = nested.scope("deeper");

    const auto state = std::make_shared<int>(0);
    const auto counting = [state](const Record&) { ++*state; };
    Watcher watcher;
    const auto held = scope->subscribe<Tick>(counting, direct);
    scope->subscribe("test.*", counting, direct).detach();
    const auto attached = scope->attach<Tick>(watcher);
    auto inbox = scope->inbox<Tick>();
    const auto middleware = scope->use([state](DraftView&) { ++*state; });
    deeper.subscribe<Tick>(counting, direct).detach();
    const auto in_below = below.subscribe<Tick>(counting, direct);
    const auto in_bus = bus.subscribe<Tick>(counting, direct);

    deeper.emit(Tick{1});
    CHECK(*state == 5);
    CHECK(bus.subscription_count() == 7);
    scope.reset();
    CHECK(bus.subscription_count() == 2);
    CHECK_FALSE(held.connected());
    CHECK_FALSE(attached.connected());
    CHECK_FALSE(inbox.connected());
    CHECK_FALSE(middleware.connected());
    CHECK(in_below.connected());
    CHECK(in_bus.connected());
    CHECK(state.use_count() == 4);  // those two, `counting` and the test's own

    CHECK_FALSE(deeper.open());
    CHECK(deeper.emit(Tick{2}).outcome == Outcome::closed);
    CHECK(bus.stats().refused_closed == 1);
    CHECK(refuses<Closed>("a.nested.deeper", [&] { (void)deeper.subscribe<Tick>([](const Tick&) {}); }));
    CHECK(refuses<Closed>("a.nested", [&] { (void)nested.scope("new"); }));
    CHECK(refuses<Closed>("a.nested", [&] { (void)nested.emit_after(std::chrono::seconds(1), Tick{1}); }));
    CHECK(nested.history().size() == 1);
    CHECK(bus.history().query({.scope = "a"}).size() == 1);

    *state = 0;
    CHECK(below.emit(Tick{3}).matched == 2);
    const Scope again = bus.scope("a");  // the same name, another scope, the same past
    CHECK(again.emit(Tick{4}).matched == 1);
    CHECK(*state == 3);
    CHECK(again.history().size() == 3);
}

TEST_CASE("a scope ends with the last of its handles", "[scope]") {
    EventBus bus;
    Scope one = bus.scope("a");
    Scope two = bus.scope("a");
    int seen = 0;
    const auto s = one.subscribe<Tick>([&](const Tick& tick) { seen += tick.number; }, direct);
    const Scope nested = one.scope("b");
    one.end();
    CHECK(s.connected());
    CHECK(nested.open());
    two.emit(Tick{1});
    nested.emit(Tick{10});
    CHECK(seen == 11);
    two = bus.scope("c");
    CHECK_FALSE(s.connected());
    CHECK_FALSE(nested.open());
    CHECK(two.name() == "c");
}

TEST_CASE("an empty handle is refused with a typed error", "[scope]") {
    EventBus bus;
    Scope scope = bus.scope("a");
    Scope moved = std::move(scope);
    Watcher watcher;
    // NOLINTBEGIN(bugprone-use-after-move): what a moved-from handle does is promised
    CHECK(scope.name().empty());
    CHECK_FALSE(scope.open());
    scope.end();
    CHECK(refuses<InvalidArgument>("emit", [&] { scope.emit(Tick{1}); }));
    CHECK(refuses<InvalidArgument>("moved", [&] { (void)scope.subscribe<Tick>([](const Tick&) {}); }));
    CHECK(refuses<InvalidArgument>("attach", [&] { (void)scope.attach<Tick>(watcher); }));
    CHECK(refuses<InvalidArgument>("inbox", [&] { (void)scope.inbox<Tick>(); }));
    CHECK(refuses<InvalidArgument>("use", [&] { (void)scope.use([](DraftView&) {}); }));
    CHECK(refuses<InvalidArgument>("scheduled", [&] { (void)scope.emit_after(std::chrono::seconds(1), Tick{1}); }));
    CHECK(refuses<InvalidArgument>("scope", [&] { (void)scope.scope("b"); }));
    CHECK(refuses<InvalidArgument>("history", [&] { (void)scope.history(); }));
    // NOLINTEND(bugprone-use-after-move)
    CHECK(refuses<InvalidArgument>("emit", [] { Scope().emit(Tick{1}); }));
    CHECK(moved.emit(Tick{1}).seq == 1);
}

TEST_CASE("handles of scopes outlive a bus that is shut down, and one that is gone", "[scope][promise-13]") {
    std::optional<EventBus> bus(std::in_place);
    const Scope scope = bus->scope("a");
    Scope nested = scope.scope("b");
    scope.emit(Tick{1});
    const auto history = scope.history();
    bus->shutdown(std::chrono::seconds(5));
    CHECK(scope.emit(Tick{2}).outcome == Outcome::closed);
    CHECK(refuses<Closed>("shut down", [&] { (void)bus->scope("c"); }));
    CHECK(refuses<Closed>("shut down", [&] { (void)scope.scope("c"); }));
    CHECK(refuses<Closed>("shut down", [&] { (void)scope.subscribe<Tick>([](const Tick&) {}); }));
    CHECK(scope.history().size() == 1);
    bus.reset();
    CHECK_FALSE(scope.open());
    CHECK(scope.name() == "a");
    CHECK(scope.emit(Tick{3}).outcome == Outcome::closed);
    CHECK(refuses<Closed>("gone", [&] { (void)scope.subscribe<Tick>([](const Tick&) {}); }));
    CHECK(refuses<Closed>("gone", [&] { (void)scope.history(); }));
    nested.end();
    CHECK(history.query<Tick>().at(0)->number == 1);
}

TEST_CASE("what was scheduled in a scope is cancelled with it", "[scope]") {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    EventBus bus{{.clock = clock}};
    std::optional<Scope> scope(bus.scope("a"));
    scope->emit_after(std::chrono::seconds(1), Tick{1}).detach();
    const auto repeated = scope->emit_every(std::chrono::seconds(1), Tick{2});
    bus.emit_after(std::chrono::seconds(1), Tick{3}).detach();
    scope.reset();
    clock->advance(std::chrono::seconds(10));
    const auto ticks = bus.history().query<Tick>();
    REQUIRE(ticks.size() == 1);
    CHECK(ticks[0]->number == 3);
    CHECK(bus.stats().schedules.cancelled == 2);
}

TEST_CASE("a handler may end the scope that it is in, and the bus", "[scope][promise-4]") {
    auto bus = std::make_unique<EventBus>();
    const bool ends_bus = GENERATE(false, true);
    const bool keeps = GENERATE(false, true);  // else nothing is recorded, and another way is taken
    if (!keeps) bus->history().set_policies({{"*", hindsight::KeepNone{}}});
    auto scope = std::make_unique<Scope>(bus->scope("a"));
    int calls = 0;
    const auto state = std::make_shared<int>(0);
    scope
        ->subscribe<Tick>(
            [&, state](const Tick&) {
                ++calls;
                if (ends_bus) bus.reset();
                scope.reset();
            },
            direct)
        .detach();
    const auto receipt = scope->emit(Tick{1});
    CHECK(receipt.seq == 1);
    CHECK(calls == 1);
    CHECK(state.use_count() == 1);
    if (bus) CHECK(bus->scope("a").emit(Tick{2}).matched == 0);
}

TEST_CASE("a filter and middleware may end the scope that the event is emitted in", "[scope][promise-4]") {
    EventBus bus;
    auto scope = std::make_unique<Scope>(bus.scope("a"));
    const bool in_filter = GENERATE(false, true);
    int calls = 0;
    const auto handled = bus.subscribe<Tick>([&](const Tick&) { ++calls; }, direct);
    const auto ending = [&](auto&&...) {
        scope.reset();
        return true;
    };
    hindsight::Subscription filtering;
    hindsight::Middleware middleware;
    if (in_filter) {
        filtering = scope->subscribe<Tick>([&](const Tick&) { calls += 100; },
                                           {.delivery = Delivery::direct, .filter = ending});
    } else {
        middleware = scope->use([&](DraftView&) { ending(); });
    }
    CHECK(scope->emit(Tick{1}).seq == 1);
    CHECK(calls == 1);
    CHECK(bus.history().query({.scope = "a"}).size() == 1);
}

TEST_CASE("an event's own functions may end the scope that it is emitted in", "[scope][promise-4]") {
    EventBus bus;
    Scope scope = bus.scope("a");
    const Ending event{&scope};
    CHECK_THROWS_AS(scope.emit(event), InvalidArgument);  // as an empty handle
    scope = bus.scope("a");
    CHECK_THROWS_AS(scope.emit_after(std::chrono::hours(1), event), Closed);
    scope = bus.scope("a");
    CHECK(scope.emit_many({event}).count == 1);
    CHECK(bus.history().query({.scope = "a"}).size() == 1);
    CHECK_FALSE(scope.open());
}

TEST_CASE("the end of a scope waits for its handlers on other threads", "[scope][promise-5]") {
    EventBus bus;
    std::optional<Scope> scope(bus.scope("a"));
    std::latch inside(1);
    std::atomic<bool> may_go{false};
    std::atomic<bool> left{false};
    scope
        ->subscribe<Tick>([&](const Tick&) {
            inside.count_down();
            spin_until([&] { return may_go.load(); });
            let_others_run();
            left = true;
        })
        .detach();
    scope->emit(Tick{1});
    inside.wait();
    may_go = true;
    scope.reset();
    CHECK(left);
}

TEST_CASE("the memory of scopes that come and go is flat", "[scope][promise-7]") {
    EventBus bus{{.history = {.capacity = 0}, .max_names = 64}};
    int seen = 0;
    const auto above = bus.subscribe<Tick>([&](const Tick&) { ++seen; }, direct);
    const auto session = [&](int i) {
        const Scope scope = bus.scope("session." + std::to_string(i % 50));
        const Scope nested = scope.scope();
        scope.subscribe<Tick>([](const Tick&) {}, direct).detach();
        nested
            .subscribe(
                "test.*", [](const Record&) {}, direct)
            .detach();
        CHECK(nested.emit(Tick{i}).matched == 3);
    };
    for (int i = 0; i < 100; ++i) session(i);
    const std::size_t before = allocated_bytes;
    for (int i = 0; i < 1000; ++i) session(i);
    CHECK(allocated_bytes <= before + 4096);
    CHECK(seen == 1100);
}

TEST_CASE("when memory runs out a scope is either there or not", "[scope][promise-6]") {
    EventBus bus{{.max_names = 2}};
    const Scope outer = bus.scope("a");
    std::optional<Scope> made;
    std::size_t failures = 0;
    for (std::size_t countdown = 0; !made; ++countdown) {
        const FailAllocationsAfter failing(countdown);
        try {
            made.emplace(outer.scope("b"));
        } catch (const std::bad_alloc&) {
            ++failures;
        }
    }
    CHECK(failures > 3);
    CHECK(made->name() == "a.b");
    made.reset();
    CHECK(outer.scope("c").open());  // no half-made one counts
}

TEST_CASE("scopes come and go while every thread emits in them", "[scope][threads]") {
    EventBus bus;
    std::atomic<int> handled{0};
    const auto all = bus.subscribe<Tick>([&](const Tick&) { handled.fetch_add(1); }, direct);
    constexpr int threads = 4;
    constexpr int rounds = 200;
    std::latch together(threads);
    std::vector<std::future<int>> running;
    for (int thread = 0; thread < threads; ++thread) {
        running.push_back(start([&, thread] {
            together.arrive_and_wait();
            int wrong = 0;
            for (int i = 0; i < rounds; ++i) {
                const Scope shared = bus.scope("shared");
                const Scope own = shared.scope("own-" + std::to_string(thread));
                int seen = 0;
                const auto s = own.subscribe<Tick>([&](const Tick&) { ++seen; }, direct);
                shared.emit(Tick{i});
                own.emit(Tick{i});
                own.subscribe<Tick>([](const Tick&) {}).detach();
                if (seen != 1) ++wrong;
            }
            return wrong;
        }));
    }
    for (auto& each : running) CHECK(get_soon(std::move(each)) == 0);
    CHECK(handled == threads * rounds * 2);
    CHECK(bus.subscription_count() == 1);
    CHECK(bus.stats().by_name.at("test.tick").emitted == threads * rounds * 2);
}

}  // namespace
