// The default bus: one for the process, made on first use.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/default_bus.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <future>
#include <iostream>
#include <latch>
#include <optional>
#include <utility>
#include <vector>

using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::InvalidArgument;
using hindsight::Outcome;
using hindsight::detail::DefaultBus;
using namespace hindsight::test;

namespace {

/// After main no test framework is left to complain to.
void require_at_exit(bool condition, const char* what) {
    if (condition) return;
    std::cerr << "at exit: " << what << std::endl;
    std::abort();
}

/// Constructed before the first use of the default bus, so destroyed after that has ended.
struct OutlivesTheBus {
    ~OutlivesTheBus() {
        require_at_exit(handled == emitted, "the default bus has not handled what it was given");
        require_at_exit(hindsight::default_bus().emit(Tick{}).outcome == Outcome::closed, "it takes events still");
        require_at_exit(hindsight::default_bus().history().size() > 0, "its history is gone");
    }
    std::atomic<int> emitted{0}, handled{0};
};
OutlivesTheBus outlives_the_bus;

/// Uses the default bus before main, and after it.
struct UsesItAllTheTime {
    UsesItAllTheTime() {
        hindsight::set_default_bus_options({.history = {.capacity = 1}});
        hindsight::set_default_bus_options({.history = {.capacity = 77}});
        hindsight::default_bus()
            .subscribe<Tock>([](const Tock&) {
                let_others_run();
                ++outlives_the_bus.handled;
            })
            .detach();
        emit();
    }
    ~UsesItAllTheTime() {
        for (int i = 0; i < 20; ++i) emit();
    }
    static void emit() {
        ++outlives_the_bus.emitted;
        require_at_exit(hindsight::default_bus().emit(Tock{}).seq != 0, "the default bus takes no events");
    }
};
UsesItAllTheTime uses_it_all_the_time;

TEST_CASE("the default bus is one, with the options that were set last", "[default_bus][promise-13]") {
    CHECK(&hindsight::default_bus() == &hindsight::default_bus());
    CHECK(hindsight::default_bus().history().capacity() == 77);
    CHECK(run_elsewhere([] { return &hindsight::default_bus(); }) == &hindsight::default_bus());
}

TEST_CASE("options for a default bus that is made are refused", "[default_bus]") {
    CHECK(refuses<InvalidArgument>("has been used already", [] { hindsight::set_default_bus_options({}); }));
    CHECK(hindsight::default_bus().history().capacity() == 77);
}

TEST_CASE("threads that use it first at the same time get one bus", "[default_bus]") {
    for (int round = 0; round < 20; ++round) {
        DefaultBus state;
        state.set_options({.history = {.capacity = 5}});
        constexpr std::ptrdiff_t threads = 4;
        std::latch all_here(threads);
        std::vector<std::future<EventBus*>> users;
        for (int i = 0; i < threads; ++i) {
            users.push_back(start([&] {
                all_here.arrive_and_wait();
                EventBus& bus = state.get();
                bus.emit(Tick{});
                return &bus;
            }));
        }
        for (auto& user : users) CHECK(get_soon(std::move(user)) == &state.get());
        CHECK(state.get().history().last_seq() == threads);
        CHECK(state.get().history().capacity() == 5);
    }
}

TEST_CASE("options that are set while the bus is being made are its options, or refused", "[default_bus]") {
    for (int round = 0; round < 100; ++round) {
        DefaultBus state;
        std::latch both_here(2);
        auto setting = start([&] {
            both_here.arrive_and_wait();
            try {
                state.set_options({.history = {.capacity = 5}});
                return true;
            } catch (const InvalidArgument&) {
                return false;
            }
        });
        both_here.arrive_and_wait();
        const std::size_t capacity = state.get().history().capacity();
        CHECK(capacity == (get_soon(std::move(setting)) ? 5 : 1000));
    }
}

TEST_CASE("options that make no sense are told of at first use, which can be made up for", "[default_bus]") {
    DefaultBus state;
    state.set_options({.max_depth = 0});
    CHECK(refuses<InvalidArgument>("max_depth", [&] { state.get(); }));
    CHECK(refuses<InvalidArgument>("max_depth", [&] { state.get(); }));
    state.set_options({.max_depth = 3});
    CHECK(state.get().emit(Tick{}));
}

/// Calls a function whenever it is copied.
struct CopiesLoudly {
    explicit CopiesLoudly(std::function<void()>& act_) : act(&act_) {}
    CopiesLoudly(const CopiesLoudly& other) : act(other.act) {
        if (*act) (*act)();
    }
    CopiesLoudly& operator=(const CopiesLoudly&) = delete;
    void operator()(const hindsight::HandlerError&) const {}
    std::function<void()>* act;
};

TEST_CASE("user code that runs while the bus is made may use it", "[default_bus][promise-4]") {
    std::function<void()> act;
    DefaultBus state;
    EventBus* inside = nullptr;
    bool asked = false;
    state.set_options({.on_error = CopiesLoudly(act)});
    act = [&] {
        if (!std::exchange(asked, true)) inside = run_elsewhere([&] { return &state.get(); });
    };
    CHECK(&state.get() == inside);
    REQUIRE(inside != nullptr);
}

TEST_CASE("an end without a first use is no end", "[default_bus]") {
    DefaultBus state;
    state.end();
    CHECK(state.get().emit(Tick{}));
    state.end();
    CHECK(state.get().emit(Tick{}).outcome == Outcome::closed);
}

}  // namespace
