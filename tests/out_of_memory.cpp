// Promise 6: when memory runs out, at any place, a call did nothing or everything.
#include "support/allocations.hpp"
#include "support/bus_events.hpp"
#include "support/bus_state.hpp"
#include "support/catch.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

using hindsight::BucketRing;
using hindsight::BusOptions;
using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::HandlerError;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// A bus on which one event does everything: history with keys, filters, direct and queued handlers, a full mailbox.
struct Busy {
    explicit Busy(bool warm, hindsight::ErrorPolicy errors = hindsight::ErrorPolicy::isolate)
        : bus({.history = {.policies = {{"market.*", BucketRing{.capacity = 2}}}},
               .pool = {.threads = 0},
               .errors = errors,
               .on_error = [](const HandlerError&) {}}) {
        direct = bus.subscribe<Price>([this](const Price&) { ++direct_calls; },
                                      {.delivery = Delivery::direct, .filter = [](const Record&) { return true; }});
        queued = bus.subscribe<Price>([this](const Record&) { ++queued_calls; });
        dropping = bus.subscribe("market.*", [](const Record&) {},
                                 {.mailbox = {.capacity = 1, .overflow = hindsight::Overflow::drop_oldest}});
        conflating = bus.subscribe("*", [](const Record&) {}, {.mailbox = {.overflow = hindsight::Overflow::conflate}});
        if (warm) bus.emit(event);
    }

    EventBus bus;
    const Price event{"a symbol that is too long to be kept in place", 1};
    int direct_calls = 0, queued_calls = 0;
    Subscription direct, queued, dropping, conflating;
};

/// Calls the action with memory for 0, 1, 2 ... allocations, on a fresh object each time, until it needs no more.
template <class Make, class Act>
std::size_t with_ever_more_memory(Make make, Act act) {
    for (std::size_t count = 0;; ++count) {
        auto object = make();
        bool enough = false;
        act(*object, [&](auto call) {
            const FailAllocationsAfter limit(count);
            struct Note {
                bool& enough;
                ~Note() { enough = allocations_left != 0; }
            } note{enough};
            call();
        });
        if (enough) return count;
    }
}

TEST_CASE("when memory runs out emit either did nothing or everything", "[strong_guarantee][promise-6]") {
    const bool warm = GENERATE(false, true);
    const std::size_t needed = with_ever_more_memory(
        [&] { return std::make_unique<Busy>(warm); },
        [](Busy& busy, auto with_little_memory) {
            const std::string before = state_of(busy.bus);
            const hindsight::Seq last_seq = busy.bus.history().last_seq();
            const int direct_before = busy.direct_calls;
            bool threw = false;
            hindsight::Receipt receipt;
            try {
                with_little_memory([&] { receipt = busy.bus.emit(busy.event); });
            } catch (const std::bad_alloc&) {
                threw = true;
            }
            if (threw) {
                CHECK(state_of(busy.bus) == before);
                CHECK(busy.direct_calls == direct_before);
                return;
            }
            CHECK(receipt.seq == last_seq + 1);
            CHECK(busy.direct_calls == direct_before + 1);
            CHECK(busy.bus.history().find(receipt.seq).has_value());
            CHECK(receipt.matched == 4);
            busy.bus.run_pending();
            CHECK(receipt.wait_for(hindsight::Duration::zero()));
            const auto stats = busy.bus.stats();
            CHECK(stats.matched == stats.delivered + stats.dropped + stats.conflated + stats.discarded);
        });
    CHECK(needed > 0);
}

TEST_CASE("when memory runs out emit_many either did nothing or everything", "[strong_guarantee][promise-6]") {
    const bool warm = GENERATE(false, true);
    const std::vector<Price> events{{"a symbol that is too long to be kept in place", 1},
                                    {"another symbol that is too long for that", 2},
                                    {"a symbol that is too long to be kept in place", 3},
                                    {"a symbol that is too long to be kept in place", 4}};
    with_ever_more_memory(
        [&] { return std::make_unique<Busy>(warm); },
        [&](Busy& busy, auto with_little_memory) {
            const std::string before = state_of(busy.bus);
            const hindsight::Seq last_seq = busy.bus.history().last_seq();
            hindsight::BatchReceipt receipt;
            try {
                with_little_memory([&] { receipt = busy.bus.emit_many(events, {.source = "a source of them all"}); });
            } catch (const std::bad_alloc&) {
                CHECK(state_of(busy.bus) == before);
                // What was reserved in vain is in nobody's way.
                CHECK(busy.bus.history().query({.source = "a source of them all"}).empty());
                CHECK(busy.bus.emit_many(events).recorded == 4);
                busy.bus.history().clear();
                return;
            }
            CHECK(receipt.first == last_seq + 1);
            CHECK(receipt.recorded == 4);
            CHECK(receipt.matched == 16);
            CHECK(busy.bus.history().query({.source = "a source of them all"}).size() == 3);
            busy.bus.run_pending();
            CHECK(receipt.wait_for(hindsight::Duration::zero()));
            const auto stats = busy.bus.stats();
            CHECK(stats.matched == stats.delivered + stats.dropped + stats.conflated + stats.discarded);
        });
}

TEST_CASE("when memory runs out subscribe either did nothing or everything", "[strong_guarantee][promise-6]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    const bool typed = GENERATE(false, true);
    with_ever_more_memory([] { return std::make_unique<EventBus>(BusOptions{.pool = {.threads = 0}}); },
                          [&](EventBus& bus, auto with_little_memory) {
                              const std::string before = state_of(bus);
                              const auto state = std::make_shared<int>(0);
                              Subscription subscription;
                              const hindsight::SubscribeOptions options{
                                  .name = "a name that is too long to be kept in place",
                                  .delivery = delivery,
                                  .filter = [big = std::string(100, 'x')](const Record&) { return true; }};
                              try {
                                  with_little_memory([&] {
                                      subscription =
                                          typed ? bus.subscribe<Tick>([state](const Tick&) { ++*state; }, options)
                                                : bus.subscribe(
                                                      "a.*.pattern.of.some.length.*",
                                                      [state](const Record&) { ++*state; }, options);
                                  });
                              } catch (const std::bad_alloc&) {
                                  CHECK(state_of(bus) == before);
                                  CHECK(state.use_count() == 1);
                                  return;
                              }
                              CHECK(bus.subscription_count() == 1);
                              CHECK(subscription.connected());
                          });
}

TEST_CASE("when memory runs out rethrow still throws its own error once the event has a seq",
          "[strong_guarantee][promise-6]") {
    const bool warm = GENERATE(false, true);
    with_ever_more_memory([&] { return std::make_unique<Busy>(warm, hindsight::ErrorPolicy::rethrow); },
                          [](Busy& busy, auto with_little_memory) {
                              const auto failing = busy.bus.subscribe<Price>([](const Price&) { throw 1; },
                                                                             {.delivery = Delivery::direct});
                              const std::string before = state_of(busy.bus);
                              const hindsight::Seq last_seq = busy.bus.history().last_seq();
                              try {
                                  with_little_memory([&] { busy.bus.emit(busy.event); });
                                  FAIL("it does not throw");
                              } catch (const std::bad_alloc&) {
                                  CHECK(state_of(busy.bus) == before);
                              } catch (const hindsight::HandlerFailed& failed) {
                                  CHECK(failed.receipt.seq == last_seq + 1);
                              }
                          });
}

TEST_CASE("when memory runs out a handler's event and its failure are still accounted for",
          "[strong_guarantee][promise-6][promise-8]") {
    with_ever_more_memory([] { return std::make_unique<Busy>(true); },
                          [](Busy& busy, auto with_little_memory) {
                              const auto failing = busy.bus.subscribe<Price>([](const Price&) { throw 1; });
                              const auto receipt = busy.bus.emit(busy.event);
                              with_little_memory([&] { busy.bus.run_pending(); });
                              busy.bus.run_pending();
                              CHECK(receipt.wait_for(hindsight::Duration::zero()));
                              const auto stats = busy.bus.stats();
                              CHECK(stats.matched ==
                                    stats.delivered + stats.dropped + stats.conflated + stats.discarded);
                              CHECK(failing.stats().failed == failing.stats().delivered);
                          });
}

TEST_CASE("without any memory a subscription can still be ended", "[strong_guarantee][promise-6]") {
    Busy busy(true);
    const FailAllocationsAfter none(0);
    const bool ended = busy.queued.disconnect() && busy.direct.disconnect() && busy.dropping.disconnect();
    busy.conflating.close();
    const bool connected = busy.conflating.connected();
    allocations_left = never;
    CHECK(ended);
    CHECK_FALSE(connected);
    CHECK(busy.bus.subscription_count() == 0);
}

TEST_CASE("when memory runs out shutdown either did nothing or everything", "[strong_guarantee][promise-6]") {
    with_ever_more_memory([] { return std::make_unique<Busy>(true); },
                          [](Busy& busy, auto with_little_memory) {
                              try {
                                  with_little_memory([&] { busy.bus.shutdown(hindsight::Duration::zero()); });
                                  CHECK_FALSE(busy.bus.emit(Tick{}));
                              } catch (const std::bad_alloc&) {
                                  CHECK(busy.bus.emit(Tick{}));
                              }
                          });
}

/// Tells when it is copied, which is user code in the middle of an emit.
struct CopyTeller {
    static constexpr std::string_view event_name = "test.copy_teller";

    explicit CopyTeller(std::function<void()>& told_) noexcept : told(&told_) {}
    CopyTeller(const CopyTeller& other) : told(other.told) {
        if (*told) (*told)();
    }
    CopyTeller& operator=(const CopyTeller&) = delete;

    std::function<void()>* told;
};

TEST_CASE("when memory runs out for filters that came up meanwhile, the thread is in no handler afterwards",
          "[strong_guarantee][promise-6]") {
    std::function<void()> told;
    const CopyTeller event(told);
    bool threw = true;
    for (std::size_t count = 0; threw; ++count) {
        EventBus bus({.pool = {.threads = 0}, .on_error = [](const HandlerError&) {}});
        const Subscription handler =
            bus.subscribe<CopyTeller>([](const CopyTeller&) {}, {.delivery = Delivery::direct});
        bus.emit(event);
        std::vector<Subscription> filtered;
        told = [&] {
            if (!filtered.empty()) return;
            for (int i = 0; i < 10; ++i) {
                filtered.push_back(bus.subscribe<CopyTeller>(
                    [](const CopyTeller&) {},
                    {.delivery = Delivery::direct, .filter = [](const Record&) { return true; }}));
            }
            allocations_left = count;
        };
        threw = false;
        try {
            bus.emit(event);
        } catch (const std::bad_alloc&) {
            threw = true;
        }
        allocations_left = never;
        filtered.clear();

        bool in_handler = false;
        told = [&] { in_handler = in_handler || hindsight::this_handler::record() != nullptr; };
        for (int i = 0; i < 2; ++i) bus.emit(event);  // the first collects the subscribers
        told = nullptr;
        CHECK_FALSE(in_handler);
    }
}

}  // namespace
