// Waiting in coroutines, for inboxes and receipts: who is resumed, where, and that no wait that ends loses an event.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/io_context.hpp"
#include "support/random.hpp"
#include "support/waiting.hpp"

#include <hindsight/coroutine.hpp>
#include <hindsight/event_bus.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace asio = boost::asio;
using hindsight::completion;
using hindsight::Duration;
using hindsight::EventBus;
using hindsight::Inbox;
using hindsight::Receipt;
using hindsight::Record;
using hindsight::Seq;
using hindsight::SingleThreadedBus;
using namespace asio::experimental::awaitable_operators;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

asio::awaitable<int> read_number(Inbox<Tick>* inbox, Duration timeout) {
    const auto tick = co_await inbox->next(timeout);
    co_return tick ? (*tick)->number : -1;
}

asio::awaitable<int> read_number_or_stop(Inbox<Tick>* inbox, std::stop_token stop) {
    const auto tick = co_await inbox->next(stop);
    co_return tick ? (*tick)->number : -1;
}

TEST_CASE("a coroutine waits for an inbox without blocking its thread", "[coroutine]") {
    EventBus bus;
    asio::io_context context;
    auto inbox = bus.inbox<Tick>();
    SECTION("what is there is given at once") {
        bus.emit(Tick{1});
        CHECK(run(context, asio::co_spawn(context, read_number(&inbox, 1h), asio::use_future)) == 1);
    }
    SECTION("the next event resumes it, on its own executor") {
        std::thread::id resumed;
        const auto reading = [](Inbox<Tick>* from, std::thread::id* where) -> asio::awaitable<int> {
            const auto tick = co_await from->next();
            *where = std::this_thread::get_id();
            co_return (*tick)->number;
        };
        auto future = asio::co_spawn(context, reading(&inbox, &resumed), asio::use_future);
        run_ready(context);
        run_elsewhere([&] { return bus.emit(Tick{2}).seq; });
        CHECK(run(context, std::move(future)) == 2);
        CHECK(resumed == std::this_thread::get_id());
    }
    SECTION("records of a pattern") {
        auto records = bus.inbox("test.*");
        const auto reading = [](Inbox<Record>* from) -> asio::awaitable<Seq> {
            const auto record = co_await from->next(1h);
            co_return record->seq();
        };
        auto future = asio::co_spawn(context, reading(&records), asio::use_future);
        run_ready(context);
        const auto receipt = bus.emit(Tock{1});
        CHECK(run(context, std::move(future)) == receipt.seq);
    }
    SECTION("on a single-threaded bus") {
        SingleThreadedBus alone;
        auto own = alone.inbox<Tick>();
        auto future = asio::co_spawn(context, read_number(&own, 1h), asio::use_future);
        run_ready(context);
        alone.emit(Tick{3});
        CHECK(run(context, std::move(future)) == 3);
    }
}

TEST_CASE("a coroutine that waits for an inbox in vain gets nothing", "[coroutine]") {
    std::optional<EventBus> bus(std::in_place);
    asio::io_context context;
    std::optional<Inbox<Tick>> inbox(bus->inbox<Tick>());
    const auto spawn = [&](Duration timeout) {
        auto future = asio::co_spawn(context, read_number(&*inbox, timeout), asio::use_future);
        run_ready(context);
        return future;
    };
    SECTION("when the time is over") {
        CHECK(run(context, spawn(0ms)) == -1);
        CHECK(run(context, spawn(1ms)) == -1);
    }
    SECTION("when it is to stop") {
        std::stop_source stop;
        auto future = asio::co_spawn(context, read_number_or_stop(&*inbox, stop.get_token()), asio::use_future);
        run_ready(context);
        run_elsewhere([&] { return stop.request_stop(); });
        CHECK(run(context, std::move(future)) == -1);
        bus->emit(Tick{1});
        CHECK(run(context, asio::co_spawn(context, read_number_or_stop(&*inbox, stop.get_token()), asio::use_future)) ==
              -1);
        CHECK(inbox->try_next());
    }
    SECTION("when the bus shuts down") {
        auto future = spawn(Duration::max());
        bus->shutdown(1h);
        CHECK(run(context, std::move(future)) == -1);
    }
    SECTION("when the bus is destroyed") {
        auto future = spawn(Duration::max());
        bus.reset();
        CHECK(run(context, std::move(future)) == -1);
    }
    SECTION("when the inbox is disconnected") {
        auto future = spawn(1h);
        inbox->disconnect();
        CHECK(run(context, std::move(future)) == -1);
    }
    SECTION("when the inbox is destroyed") {
        auto future = spawn(1h);
        inbox.reset();
        CHECK(run(context, std::move(future)) == -1);
    }
}

TEST_CASE("a coroutine that waits may go before what it waits for comes", "[coroutine]") {
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    {
        asio::io_context context;
        asio::co_spawn(context, read_number(&inbox, Duration::max()), asio::detached);
        context.poll();
    }
    bus.emit(Tick{1});
    CHECK(inbox.try_next());
}

TEST_CASE("cancelling a wait leaves the event in the inbox", "[coroutine][promise-8]") {
    EventBus bus;
    asio::io_context context;
    auto inbox = bus.inbox<Tick>();
    SECTION("when the event comes before the cancelled coroutine is resumed, or else gives it") {
        const bool event_first = GENERATE(true, false);
        asio::cancellation_signal signal;
        auto future = asio::co_spawn(context, read_number(&inbox, 1h),
                                     asio::bind_cancellation_slot(signal.slot(), asio::use_future));
        run_ready(context);
        if (event_first) bus.emit(Tick{1});
        signal.emit(asio::cancellation_type::terminal);
        if (!event_first) bus.emit(Tick{1});
        const bool given = run(context, std::move(future)) == 1;
        CHECK(given == event_first);
        CHECK(inbox.try_next().has_value() == !given);
    }
    SECTION("when the other one of two waits has ended first") {
        const bool there_before = GENERATE(true, false);
        auto other = bus.inbox<Tock>();
        const auto emit_both = [&] {
            bus.emit(Tock{1});
            bus.emit(Tick{1});
        };
        if (there_before) emit_both();
        const auto either = [](Inbox<Tick>* ticks, Inbox<Tock>* tocks) -> asio::awaitable<std::size_t> {
            auto tick = ticks->next(1h);
            auto tock = tocks->next(1h);
            const auto first = co_await (std::move(tick) || std::move(tock));
            co_return first.index();
        };
        auto future = asio::co_spawn(context, either(&inbox, &other), asio::use_future);
        if (!there_before) {
            run_ready(context);
            emit_both();
        }
        const std::size_t first = run(context, std::move(future));
        // Whichever it was, the other one's event is still there.
        CHECK(inbox.drain().size() == (first == 0 ? 0 : 1));
        CHECK(other.drain().size() == (first == 0 ? 1 : 0));
    }
}

TEST_CASE("a coroutine loses no event between looking and waiting", "[coroutine][promise-8]") {
    // As for threads: see inbox_waiting.cpp.
    constexpr int rounds = 5'000;
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    std::atomic<int> read{0};
    const auto reading = [](Inbox<Tick>* from, std::atomic<int>* count) -> asio::awaitable<void> {
        while (*count < rounds) {
            const auto tick = co_await from->next();
            if (!tick) break;
            for (volatile int step = ++*count % 1000; step > 0;) step = step - 1;
        }
    };
    asio::thread_pool pool(1);
    auto reader = asio::co_spawn(pool, reading(&inbox, &read), asio::use_future);
    for (int i = 0; i < rounds; ++i) {
        spin_until([&] { return read == i; });
        bus.emit(Tick{i});
    }
    get_soon(std::move(reader));
    CHECK(read == rounds);
}

TEST_CASE("a thread that emits never waits for an inbox that coroutines read", "[coroutine][promise-9]") {
    EventBus bus;
    asio::io_context context;
    auto inbox = bus.inbox<Tick>({.mailbox = {.capacity = 2, .hard_limit = 4}});
    auto future = asio::co_spawn(context, read_number(&inbox, 1h), asio::use_future);
    run_ready(context);
    run_elsewhere([&] {
        for (int i = 1; i <= 6; ++i) bus.emit(Tick{i});
        return 0;
    });
    CHECK(run(context, std::move(future)) == 1);
    CHECK(inbox.missed() == 2);
}

struct Seen {
    std::vector<Seq> seqs;
    std::atomic<bool> done{false};
};

/// Reads with random timeouts, stops and cancellations until nothing comes any more.
asio::awaitable<void> read_all(Inbox<Tick>* inbox, Seen* seen, unsigned stream) {
    Random random(stream);
    for (;;) {
        const bool last = !inbox->connected();
        const Duration timeout = random.one_in(10) ? Duration::max() : Duration(random.below(50'000));
        std::optional<hindsight::TypedRecord<Tick>> tick;
        if (random.one_in(4)) {
            asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::microseconds(random.below(30)));
            auto reading = inbox->next(timeout);
            auto waiting = timer.async_wait(asio::use_awaitable);
            auto first = co_await (std::move(reading) || std::move(waiting));
            if (first.index() == 0) tick = std::get<0>(std::move(first));
        } else if (random.one_in(20)) {
            std::stop_source stop;
            std::jthread stopper([stop]() mutable { stop.request_stop(); });
            const std::stop_token token = stop.get_token();
            tick = co_await inbox->next(timeout, token);
        } else {
            tick = co_await inbox->next(timeout);
        }
        if (tick) {
            seen->seqs.push_back(tick->seq());
        } else if (last) {
            for (const auto& each : inbox->drain()) seen->seqs.push_back(each.seq());
            break;
        }
    }
    seen->done = true;
}

TEST_CASE("coroutines with random timeouts, stops and cancellations see each event once, in order",
          "[coroutine][promise-2][promise-8]") {
    constexpr unsigned readers = 3;
    constexpr int emitters = 2, events = 2000;
    CAPTURE(random_seed());
    EventBus bus;
    auto inbox = bus.inbox<Tick>();
    std::vector<Seen> seen(readers);
    {
        asio::thread_pool pool(2);
        // What cancels needs a strand, as ever with Asio.
        for (unsigned r = 0; r < readers; ++r)
            asio::co_spawn(asio::make_strand(pool), read_all(&inbox, &seen[r], r), asio::detached);
        std::vector<std::future<void>> emitting;
        for (unsigned e = 0; e < emitters; ++e) {
            emitting.push_back(start([&, e] {
                Random random(100 + e);
                for (int i = 0; i < events; ++i) {
                    bus.emit(Tick{i});
                    if (random.one_in(50)) std::this_thread::yield();
                }
            }));
        }
        for (auto& each : emitting) get_soon(std::move(each));
        bus.shutdown(1h);
        spin_until([&] { return std::ranges::all_of(seen, [](const Seen& each) { return each.done.load(); }); });
        pool.join();
    }
    std::vector<Seq> all;
    for (const Seen& each : seen) {
        CHECK(std::ranges::is_sorted(each.seqs));
        all.insert(all.end(), each.seqs.begin(), each.seqs.end());
    }
    std::ranges::sort(all);
    CHECK(all.size() == emitters * events);
    CHECK(std::ranges::adjacent_find(all) == all.end());
}

template <class Emitted>
asio::awaitable<bool> await_receipt(const Emitted* receipt, Duration timeout) {
    co_return co_await completion(*receipt, timeout);
}

TEST_CASE("a coroutine waits for a receipt", "[coroutine]") {
    EventBus bus({.pool = {.threads = 0}});
    asio::io_context context;
    int handled = 0;
    auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++handled; });
    const Receipt receipt = bus.emit(Tick{1});
    const auto spawn = [&](Duration timeout) {
        auto future = asio::co_spawn(context, await_receipt(&receipt, timeout), asio::use_future);
        run_ready(context);
        return future;
    };
    SECTION("until the handler has returned, which may be on this very thread") {
        auto one = spawn(Duration::max()), two = spawn(1h);
        bus.run_pending();
        CHECK(handled == 1);
        CHECK(run(context, std::move(one)));
        CHECK(run(context, std::move(two)));
    }
    SECTION("until the time is over") {
        CHECK_FALSE(run(context, spawn(1us)));
    }
    SECTION("until the delivery ends otherwise") {
        auto future = spawn(1h);
        subscription.disconnect();
        CHECK(run(context, std::move(future)));
    }
    SECTION("not at all when it is complete") {
        bus.run_pending();
        CHECK(run(context, spawn(0s)));
        const Receipt refused;
        CHECK(run(context, asio::co_spawn(context, await_receipt(&refused, 0s), asio::use_future)));
    }
    SECTION("until it is cancelled") {
        asio::cancellation_signal signal;
        auto future = asio::co_spawn(context, await_receipt(&receipt, 1h),
                                     asio::bind_cancellation_slot(signal.slot(), asio::use_future));
        run_ready(context);
        signal.emit(asio::cancellation_type::terminal);
        CHECK_THROWS_AS(run(context, std::move(future)), boost::system::system_error);
    }
}

TEST_CASE("a coroutine waits for all events of a batch", "[coroutine][emit_many]") {
    EventBus bus({.pool = {.threads = 0}});
    asio::io_context context;
    const auto subscription = bus.subscribe<Tick>([](const Tick&) {});
    const hindsight::BatchReceipt receipt = bus.emit_many({Tick{1}, Tick{2}, Tick{3}});
    const auto spawn = [&](Duration timeout) {
        auto future = asio::co_spawn(context, await_receipt(&receipt, timeout), asio::use_future);
        run_ready(context);
        return future;
    };
    auto waiting = spawn(Duration::max());
    CHECK(bus.run_pending(2) == 2);
    CHECK_FALSE(run(context, spawn(1us)));
    CHECK(bus.run_pending() == 1);
    CHECK(run(context, std::move(waiting)));
    CHECK(run(context, spawn(0s)));
    const hindsight::BatchReceipt of_nothing;
    CHECK(run(context, asio::co_spawn(context, await_receipt(&of_nothing, 0s), asio::use_future)));
}

TEST_CASE("coroutines wait for receipts of handlers on other threads", "[coroutine]") {
    EventBus bus({.pool = {.threads = 2}});
    std::atomic<int> handled{0};
    const auto subscription = bus.subscribe<Tick>([&](const Tick&) { ++handled; });
    asio::io_context context;
    const auto emitting = [](EventBus* to, std::atomic<int>* count) -> asio::awaitable<int> {
        int early = 0;
        for (int i = 1; i <= 500; ++i) {
            const Receipt receipt = to->emit(Tick{i});
            co_await completion(receipt);
            if (*count < i) ++early;
        }
        co_return early;
    };
    CHECK(run(context, asio::co_spawn(context, emitting(&bus, &handled), asio::use_future)) == 0);
}

}  // namespace
