// User code that uses the bus whenever the bus calls it: here, and on another thread while this one waits for it. What
// the library did under a lock would then never end.
#pragma once

#include "bus_events.hpp"
#include "waiting.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/executor.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::test {

/// Code that is asked again each time that it changes something would never be done with.
inline constexpr int too_many_runs = 20;

/// What a bus can be asked to do by the code that it runs: here, and on another thread while this one waits for it.
struct Actions {
    EventBus* bus = nullptr;
    std::vector<PolicyRule> policies = {};
    int runs = 0;
    bool busy = false;  // its own calls of user code do nothing

    void use_bus() {
        bus->emit(Tock{});
        Subscription direct = bus->subscribe<Tock>([](const Tock&) {}, {.delivery = Delivery::direct});
        Subscription queued = bus->subscribe("test.*", [](const Record&) {});
        bus->emit(Tock{});
        direct.pause();
        direct.resume();
        direct.stats();
        queued.disconnect();
        bus->history().query();
        bus->history().query({.where = [](const Record&) { return true; }});
        bus->history().find(1);
        bus->history().stats();
        bus->stats();
        bus->subscription_count();
        bus->run_pending();
        bus->history().set_policies(policies);
        bus->history().clear();
    }

    void operator()() {
        if (bus == nullptr || runs == too_many_runs || std::exchange(busy, true)) return;
        use_bus();
        run_elsewhere([this] { use_bus(); });
        ++runs;
        busy = false;
    }
};

/// Reached from the members of the event below, which know no bus.
inline Actions* actions = nullptr;

/// Uses the bus at the moment that is chosen.
struct Meddler {
    static constexpr std::string_view event_name = "test.meddler";
    enum class Moment { none, copy, move, destruction, key, size };

    explicit Meddler(Moment moment_) : moment(moment_) {}
    Meddler(const Meddler& other) : moment(other.moment) { act(Moment::copy); }
    Meddler(Meddler&& other) noexcept : moment(other.moment) { act(Moment::move); }
    Meddler& operator=(const Meddler&) = delete;
    ~Meddler() { act(Moment::destruction); }

    std::string event_key() const {
        act(Moment::key);
        return "key";
    }
    std::size_t event_payload_bytes() const {
        act(Moment::size);
        return sizeof(*this);
    }
    void act(Moment now) const {
        if (moment == now && actions != nullptr) (*actions)();
    }
    Moment moment;
};

struct MeddlingPolicy {
    Actions* own;
    bool should_store(const Record&) const {
        (*own)();
        return true;
    }
    std::size_t capacity() const { return 10; }
};

struct MeddlingExecutor final : Executor {
    explicit MeddlingExecutor(Actions& actions_) : own(actions_) {}
    void execute(Task task) override {
        own();
        task();
    }
    bool runs_here() const noexcept override {
        own();
        return false;
    }
    Actions& own;
};

struct MeddlingClock final : Clock {
    TimePoint now() const noexcept override {
        if (own != nullptr) (*own)();
        return {};
    }
    Actions* own = nullptr;
};

}  // namespace hindsight::test
