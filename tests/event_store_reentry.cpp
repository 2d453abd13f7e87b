#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// What the user code under test is to do, once.
std::function<void()> meddling;

void meddle() {
    if (meddling) std::exchange(meddling, nullptr)();
}

/// Does with the store whatever can be done with it, on this thread and on another one while this one waits.
class UsesEverything {
public:
    explicit UsesEverything(EventStore& store, std::function<void()> emit) : store_(store), emit_(std::move(emit)) {
        meddling = [this] {
            use();
            run_elsewhere([this] { use(); });
            done_ = true;
        };
    }
    ~UsesEverything() { meddling = nullptr; }
    UsesEverything(const UsesEverything&) = delete;
    UsesEverything& operator=(const UsesEverything&) = delete;

    bool done() const { return done_; }

private:
    void use() {
        emit_();
        store_.query({.pattern = "*", .where = [](const Record&) { return true; }});
        store_.find(store_.last_seq());
        store_.stats();
        store_.reset_stats();
        store_.set_policies({{"task.*", BucketRing{}}});
        EventStore other;
        store_.swap(other);
        store_.swap(other);
        store_.clear();
        emit_();
    }

    EventStore& store_;
    std::function<void()> emit_;
    bool done_ = false;
};

struct Meddler {
    bool should_store(const Record&) const {
        if (in_should_store) meddle();
        return true;
    }
    std::size_t capacity() const {
        if (in_capacity) meddle();
        return 1;
    }
    bool in_should_store = false;
    bool in_capacity = false;
    /// Meddles when the policy is destroyed.
    std::shared_ptr<void> at_end = {};
};

std::shared_ptr<void> meddle_at_end() {
    return std::shared_ptr<void>(nullptr, [](void*) { meddle(); });
}

/// Runs `scenario(store, emit)` for a store of its own and for that of a bus.
template <class Scenario>
void in_store_and_bus(Scenario scenario) {
    SECTION("in a store") {
        EventStore store;
        UsesEverything uses(store, [&] { store.append(TaskCompleted{}); });
        scenario(store, [&](const auto& event) { return store.append(event); });
        CHECK(uses.done());
    }
    SECTION("in a bus") {
        EventBus bus;
        UsesEverything uses(bus.history(), [&] { bus.emit(TaskCompleted{}); });
        scenario(bus.history(), [&](const auto& event) { return bus.emit(event); });
        CHECK(uses.done());
    }
}

TEMPLATE_TEST_CASE_SIG("an event's own functions may use the history it goes to", "[event_store][promise-4]",
                       ((Fragile::Step step), step), Fragile::Step::key, Fragile::Step::size, Fragile::Step::copy) {
    const Fragile event(step, &meddle);
    in_store_and_bus([&](EventStore& store, auto emit) {
        const Receipt receipt = emit(event);
        CHECK(receipt.outcome == Outcome::recorded);
        CHECK(store.find(receipt.seq));
    });
}

TEST_CASE("the destructor of an evicted payload may use the history", "[event_store][promise-4]") {
    in_store_and_bus([](EventStore& store, auto emit) {
        const auto keep_one = [&] {
            store.set_policies({{"fragile.*", BucketRing{}}});
            const auto held = std::exchange(meddling, nullptr);
            emit(Fragile(Fragile::Step::destroy, &meddle));
            meddling = held;
        };
        SECTION("by a newer event") {
            keep_one();
            emit(Fragile());
        }
        SECTION("by clear") {
            keep_one();
            store.clear();
        }
        SECTION("by a change of policies") {
            keep_one();
            store.set_policies({{"fragile.*", KeepNone{}}});
        }
        SECTION("by the end of a query's results") {
            keep_one();
            std::vector<Record> results = store.query();
            const auto held = std::exchange(meddling, nullptr);
            store.clear();
            meddling = held;
            results.clear();
        }
        SECTION("by the end of another store") {
            keep_one();
            EventStore other;
            store.swap(other);
        }
    });
}

TEST_CASE("a user's policy may use the history that it decides for", "[event_store][promise-4]") {
    in_store_and_bus([](EventStore& store, auto emit) {
        SECTION("when it is asked about an event") {
            const auto held = std::exchange(meddling, nullptr);
            store.set_policies({{"clock.*", Meddler{.in_should_store = true}}});
            meddling = held;
            CHECK(emit(ClockTick{}).outcome == Outcome::recorded);
        }
        SECTION("when it is asked for its capacity") {
            store.set_policies({{"clock.*", Meddler{.in_capacity = true}}});
            CHECK(emit(ClockTick{}).outcome == Outcome::recorded);
        }
        SECTION("when it is destroyed") {
            store.set_policies({{"clock.*", Meddler{.at_end = meddle_at_end()}}});
            emit(ClockTick{});
            store.set_policies({});
        }
    });
}

TEST_CASE("a query's predicate may use the history that it looks through", "[event_store][promise-4]") {
    in_store_and_bus([](EventStore& store, auto emit) {
        emit(ClockTick{});
        emit(ClockTick{});
        const Query query{.where = [](const Record&) {
            meddle();
            return true;
        }};
        CHECK(seqs_of(store.query(query)) == Seqs{1, 2});
    });
}

TEST_CASE("a handler, direct or queued, may use the history of its bus", "[event_store][promise-4]") {
    const Delivery delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    UsesEverything uses(bus.history(), [&] { bus.emit(TaskCompleted{}); });
    const Subscription handler = bus.subscribe<ClockTick>([](const ClockTick&) { meddle(); }, {.delivery = delivery});
    bus.emit(ClockTick{}).wait();
    CHECK(uses.done());
}

}  // namespace
