#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/fence.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/event_bus.hpp>

#include <stdlib.h>

#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <latch>
#include <utility>
#include <vector>

#if !defined(HINDSIGHT_PORTABLE_FENCE)
#    include <dlfcn.h>
#    include <sys/syscall.h>
#endif

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Subscription;
using namespace hindsight::detail;
using namespace hindsight::test;

#if !defined(HINDSIGHT_PORTABLE_FENCE)

namespace {

std::atomic<int> membarriers{0};

}  // namespace

/// In the place of that of the C library, which it calls.
extern "C" long syscall(long number, ...) noexcept {
    using Function = long (*)(long, ...);
    static std::atomic<Function> real{nullptr};
    if (real == nullptr) real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "syscall"));
    if (number == __NR_membarrier) ++membarriers;
    std::va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& each : arguments) each = va_arg(list, long);
    va_end(list);
    return real.load()(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

#endif

namespace {

/// One thread stores ever higher numbers in its cell and looks at the other's after each, and the other does the same.
/// Nothing makes them wait for each other, so that each store meets a look now and then. Returns how often both missed
/// each other, which the fences must prevent; without them it happens on some machines, and not at every try.
int missed_each_other(int numbers) {
    struct alignas(64) Cell {
        std::atomic<int> number{0};
    };
    Cell cell, flag;
    std::atomic<bool> done{false};
    std::vector<int> flags_seen(static_cast<std::size_t>(numbers) + 1), cells_seen{0};
    auto publisher = start([&] {
        for (int number = 1; number <= numbers; ++number) {
            publish(cell.number, number);
            flags_seen[static_cast<std::size_t>(number)] = fenced_load(flag.number);
        }
        done = true;
    });
    for (int number = 1; !done; ++number) {
        // The publisher's stores take longer while others look at its cell, its looks less while nobody stores there.
        for (int look = number % 64; look > 0; --look) static_cast<void>(cell.number.load(std::memory_order_relaxed));
        flag.number.store(number, std::memory_order_seq_cst);
        heavy_fence();
        cells_seen.push_back(fenced_load(cell.number));
    }
    get_soon(std::move(publisher));
    int missed = 0;
    for (int number = 1; number < static_cast<int>(cells_seen.size()); ++number) {
        // The first that the remover has missed. If the publisher has missed the remover's number by then, too:
        const int unseen = cells_seen[static_cast<std::size_t>(number)] + 1;
        if (unseen <= numbers && flags_seen[static_cast<std::size_t>(unseen)] < number) ++missed;
    }
    return missed;
}

TEST_CASE("of a publisher and a remover at least one sees the other", "[fence]") {
    ThreadSlots::instance();  // chooses the fence
    CHECK(missed_each_other(500'000) == 0);
}

#if !defined(HINDSIGHT_PORTABLE_FENCE)

TEST_CASE("the portable fence can be chosen from outside, and works as well", "[fence]") {
    ::setenv("HINDSIGHT_PORTABLE_FENCE", "1", 1);
    choose_fence();
    CHECK_FALSE(asymmetric_fence);
    CHECK(missed_each_other(500'000) == 0);
    ::unsetenv("HINDSIGHT_PORTABLE_FENCE");
    choose_fence();
    CHECK(missed_each_other(1'000) == 0);
}

template <class F>
int heavy_fences_of(F action) {
    const int before = membarriers;
    action();
    return membarriers - before;
}

// A missing fence is seldom noticed by what happens; so they are counted.
TEST_CASE("ending a subscription makes one heavy fence if it can be running, and emitting none", "[fence][promise-5]") {
    ThreadSlots::instance();
    if (!asymmetric_fence) return;
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus({.pool = {.threads = 1}});
    const auto subscribed = [&] { return bus.subscribe<Tick>([](const Tick&) {}, {.delivery = delivery}); };
    std::latch has_slot(1), done(1);
    auto other = start([&] {
        ThreadSlot::current();
        has_slot.count_down();
        done.wait();
    });
    has_slot.wait();
    SECTION("nobody can have come to one that no emit has seen") {
        Subscription subscription = subscribed();
        CHECK(heavy_fences_of([&] { subscription.disconnect(); }) == 0);
    }
    SECTION("else it is one for each, and none for emits") {
        Subscription first = subscribed(), second = subscribed();
        bus.emit(Tick{}).wait();
        CHECK(heavy_fences_of([&] { bus.emit(Tick{}).wait(); }) == 0);
        CHECK(heavy_fences_of([&] { first.disconnect(); }) == 1);
        CHECK(heavy_fences_of([&] { second.disconnect(); }) == 1);
        CHECK(heavy_fences_of([&] { second.disconnect(); }) == 0);
    }
    done.count_down();
    get_soon(std::move(other));
}

#endif

TEST_CASE("what is published is what is loaded", "[fence]") {
    std::atomic<int*> cell{nullptr};
    int target = 0;
    publish(cell, &target);
    CHECK(fenced_load(cell) == &target);
    publish<int*>(cell, nullptr);
    CHECK(fenced_load(cell) == nullptr);
}

}  // namespace
