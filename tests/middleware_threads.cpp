// Middleware and several threads: removal that waits, and nothing torn or lost while it comes and goes.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/middlewares.hpp>

#include <atomic>
#include <cstdint>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::DraftView;
using hindsight::EventBus;
using hindsight::Middleware;
using hindsight::Outcome;
using hindsight::Receipt;
using hindsight::Record;
using namespace hindsight::test;

namespace {

/// Tells which thread destroys it.
struct Witness {
    explicit Witness(std::atomic<std::thread::id>& destroyer_) : destroyer(&destroyer_) {}
    Witness(Witness&& other) noexcept : destroyer(std::exchange(other.destroyer, nullptr)) {}
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() {
        if (destroyer != nullptr) destroyer->store(std::this_thread::get_id());
    }
    std::atomic<std::thread::id>* destroyer;
};

TEST_CASE("removing middleware waits for it on another thread and destroys its state itself",
          "[middleware][promise-5]") {
    EventBus bus;
    std::latch entered(1);
    std::atomic<bool> returning{false};
    std::atomic<std::thread::id> destroyer;
    Middleware middleware;
    middleware = bus.use<Tick>([&, witness = Witness(destroyer)](const Tick&, DraftView& draft) {
        entered.count_down();
        spin_until([&] { return !middleware.connected(); });
        let_others_run();
        draft.set_source("seen");
        returning = witness.destroyer->load() == std::thread::id();
    });
    auto emitter = start([&] { bus.emit(Tick{}); });
    entered.wait();
    CHECK(middleware.disconnect());
    CHECK(returning);
    CHECK(destroyer.load() == std::this_thread::get_id());
    get_soon(std::move(emitter));
    // The event that it was busy with goes on, as it has left it.
    CHECK(bus.history().query({.source = "seen"}).size() == 1);
}

TEST_CASE("two middlewares that remove each other at the same time both return", "[middleware][promise-5]") {
    EventBus bus;
    std::latch both(2);
    Middleware first, second;
    const auto state = std::make_shared<int>(0);
    first = bus.use<Tick>([&, state](const Tick&) {
        both.arrive_and_wait();
        second.disconnect();
    });
    second = bus.use<Tock>([&, state](const Tock&) {
        both.arrive_and_wait();
        first.disconnect();
    });
    auto tick = start([&] { bus.emit(Tick{}); });
    auto tock = start([&] { bus.emit(Tock{}); });
    get_soon(std::move(tick));
    get_soon(std::move(tock));
    CHECK(first.disconnect());
    CHECK(second.disconnect());
    CHECK(state.use_count() == 1);
}

TEST_CASE("from the return of use to the begin of disconnect every event goes through", "[middleware]") {
    static thread_local int handled = 0;
    EventBus bus;
    std::atomic<std::uint64_t> epoch{0};  // odd: the middleware is in use all the time
    std::atomic<std::uint64_t> unseen{0};
    const auto handler =
        bus.subscribe<Tick>([](const Tick& tick) { handled = tick.number; }, {.delivery = Delivery::direct});
    auto changing = start([&] {
        for (int round = 0; round < 300; ++round) {
            const Middleware middleware =
                bus.use<Tick>([state = std::make_unique<int>(0)](Tick& tick, DraftView&) { tick.number = 1 + *state; });
            ++epoch;
            std::this_thread::yield();
            ++epoch;
        }
    });
    std::vector<std::future<void>> emitters;
    for (int i = 0; i < 2; ++i) {
        emitters.push_back(start([&] {
            do {
                const std::uint64_t before = epoch;
                bus.emit(Tick{0});
                if (before % 2 == 1 && before == epoch && handled == 0) ++unseen;
            } while (epoch < 600);
        }));
    }
    for (auto& emitter : emitters) get_soon(std::move(emitter));
    get_soon(std::move(changing));
    CHECK(unseen == 0);
}

TEST_CASE("every event is accounted for when several threads emit and middleware comes and goes",
          "[middleware][promise-8]") {
    constexpr int threads = 3, events = 2'000;
    EventBus bus({.history = {.capacity = 10}, .on_error = [](const hindsight::HandlerError&) {}});
    const auto vetoing = bus.use<Tick>([](const Tick& tick, DraftView& draft) {
        if (tick.number % 3 == 0) draft.veto("every third");
        if (tick.number % 7 == 0) throw 7;
    });
    std::atomic<std::uint64_t> accepted{0}, vetoed{0}, failed{0}, handled{0};
    const auto handler = bus.subscribe<Tick>([&](const Tick&) { ++handled; });
    std::atomic<bool> over{false};
    auto changing = start([&] {
        while (!over) {
            const auto passing = bus.use("test.*", [](DraftView& draft) { draft.set_metadata("passed", "by"); });
            std::this_thread::yield();
        }
    });
    std::vector<std::future<void>> emitters;
    for (int i = 0; i < threads; ++i) {
        emitters.push_back(start([&] {
            for (int number = 0; number < events; ++number) {
                const Receipt receipt = bus.emit(Tick{number});
                if (receipt) ++accepted;
                if (receipt.outcome == Outcome::vetoed) ++vetoed;
                if (receipt.outcome == Outcome::middleware_failed) ++failed;
            }
        }));
    }
    for (auto& emitter : emitters) get_soon(std::move(emitter));
    over = true;
    get_soon(std::move(changing));
    bus.shutdown(std::chrono::seconds(30));
    const auto stats = bus.stats();
    CHECK(accepted + vetoed + failed == std::uint64_t{threads} * events);
    CHECK(failed == 3u * 286);
    CHECK(handled == accepted);
    CHECK(stats.by_name.at("test.tick").emitted == accepted);
    CHECK(stats.refused_vetoed == vetoed);
    CHECK(stats.refused_failed == failed);
    CHECK(vetoing.stats().passed == accepted);
    CHECK(vetoing.stats().vetoed == vetoed);
    CHECK(vetoing.stats().failed == failed);
}

TEST_CASE("a rate limit is exact when several threads emit", "[middleware]") {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    EventBus bus({.clock = clock});
    const auto limit = bus.use(hindsight::rate_limit({.events = 100}));
    std::atomic<int> accepted{0};
    std::vector<std::future<void>> emitters;
    for (int i = 0; i < 3; ++i) {
        emitters.push_back(start([&] {
            for (int number = 0; number < 200; ++number) accepted += bus.emit(Tick{number}) ? 1 : 0;
        }));
    }
    for (auto& emitter : emitters) get_soon(std::move(emitter));
    CHECK(accepted == 100);
}

}  // namespace
