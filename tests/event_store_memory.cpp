#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/events.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <algorithm>
#include <cstddef>
#include <string>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// Seven digits: all keys, names and texts that are made of it are equally long.
std::string number(int i) {
    return std::to_string(1'000'000 + i);
}

/// Holds if many more events need no more memory than the first few thousand.
template <class Append>
void stays_flat(Append append) {
    int i = 0;
    const auto most_until = [&](int end) {
        std::size_t most = 0;
        for (; i < end; ++i) {
            append(i);
            most = std::max(most, allocated_bytes.load());
        }
        return most;
    };
    const std::size_t at_first = most_until(3000);
    CHECK(most_until(10'000) <= at_first + 500);
}

struct KeepOdd {
    bool should_store(const Record& record) const { return record.as<ClockTick>().number % 2 == 1; }
    std::size_t capacity() const { return 100; }
};

TEST_CASE("the memory of a store is flat under any load", "[event_store][promise-7]") {
    SECTION("of one kind of event") {
        EventStore store;
        stays_flat([&](int i) { store.append(TaskCompleted{number(i) + std::string(50, 'x')}); });
        CHECK(store.size() == 1000);
    }
    SECTION("of ever new keys") {
        EventStore store({.policies = {{"clock.*", BucketRing{.capacity = 2, .max_keys = 500}}}});
        stays_flat([&](int i) { store.append(ClockTick{i}, {.key = "a long key, which is allocated " + number(i)}); });
        CHECK(store.size() == 500);
    }
    SECTION("of ever new names") {
        EventStore store({.policies = {{"run.*", BucketRing{.max_keys = 500}}}});
        stays_flat([&](int i) { store.append(NamedEvent{"run.time.name_" + number(i)}); });
        CHECK(store.size() == 500);
    }
    SECTION("of ever new sources and metadata") {
        EventStore store;
        stays_flat([&](int i) {
            store.append(ClockTick{i},
                         {.source = number(i), .correlation = number(i), .metadata = {{number(i), number(i)}}});
        });
    }
    SECTION("of events that are too large") {
        EventStore store({.max_payload_bytes = 100, .max_total_bytes = 100'000});
        stays_flat([&](int i) { store.append(Blob{static_cast<std::size_t>(i % 200)}); });
        CHECK(store.bytes() <= 100'000);
    }
    SECTION("of a user's policy") {
        EventStore store({.policies = {{"clock.*", KeepOdd{}}}});
        stays_flat([&](int i) { store.append(ClockTick{i}); });
        CHECK(store.size() == 100);
    }
    SECTION("that nobody keeps") {
        EventStore store({.policies = {{"*", KeepNone{}}}});
        stays_flat([&](int i) { store.append(NamedEvent{"run.time.name_" + number(i)}); });
        CHECK(store.size() == 0);
    }
    SECTION("with policies that change") {
        EventStore store;
        stays_flat([&](int i) {
            store.append(ClockTick{i}, {.key = number(i)});
            if (i % 100 == 0) store.set_policies({{"clock.*", BucketRing{.max_keys = 50}}});
            if (i % 100 == 50) store.set_policies({});
        });
    }
    SECTION("and clears") {
        EventStore store({.policies = {{"clock.*", BucketRing{.max_keys = 50}}}});
        stays_flat([&](int i) {
            store.append(ClockTick{i}, {.key = number(i)});
            if (i % 70 == 0) store.clear();
        });
    }
}

TEST_CASE("a store gives back all it had", "[event_store][promise-7]") {
    const auto fill = [] {
        EventStore store({.capacity = 10, .policies = {{"task.*", BucketRing{.max_keys = 10}}}});
        for (int i = 0; i < 100; ++i) {
            store.append(TaskCompleted{std::string(50, 'x')}, {.key = number(i)});
            store.append(NamedEvent{"run.time.name_" + number(i)});
        }
        store.set_policies({{"run.*", BucketRing{.max_keys = 5}}});
    };
    fill();
    const std::size_t before = allocated_bytes;
    fill();
    CHECK(allocated_bytes == before);
}

TEST_CASE("the memory of a bus that remembers is flat", "[event_store][promise-7]") {
    EventBus bus{{.history = {.capacity = 100, .policies = {{"clock.*", BucketRing{.max_keys = 100}}}}}};
    stays_flat([&](int i) {
        bus.emit(ClockTick{i}, {.key = "a long key, which is allocated " + number(i)});
        bus.emit(TaskCompleted{std::string(50, 'x')}, {.source = number(i)});
    });
    CHECK(bus.history().size() == 200);
}

}  // namespace
