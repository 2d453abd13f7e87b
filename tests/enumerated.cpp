// Enumerated events: kinds that are names.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"

#include <hindsight/enumerated.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>

#include <boost/describe/enum.hpp>

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace enumerated_test {

enum class AgentEvent { agent_started, agent_stopped, task_step_done, HEARTBEAT, QueueIsFull };
BOOST_DESCRIBE_ENUM(AgentEvent, agent_started, agent_stopped, task_step_done, HEARTBEAT, QueueIsFull)

/// Chooses some names itself, and does not count from one on.
enum class Signal : long long {
    lost = std::numeric_limits<long long>::min(),
    found = 40,
    back = std::numeric_limits<long long>::max(),
    found_again = found,
};
BOOST_DESCRIBE_ENUM(Signal, lost, found, back, found_again)

enum Plain { plain_one, plain_two };
BOOST_DESCRIBE_ENUM(Plain, plain_one, plain_two)

enum class Undescribed { one };

}  // namespace enumerated_test

template <>
struct hindsight::EventTraits<enumerated_test::AgentEvent> : hindsight::EnumeratedEvents<enumerated_test::AgentEvent> {
};

template <>
struct hindsight::EventTraits<enumerated_test::Plain> : hindsight::EnumeratedEvents<enumerated_test::Plain> {};

template <>
struct hindsight::EventTraits<enumerated_test::Signal> : hindsight::EnumeratedEvents<enumerated_test::Signal> {
    static constexpr hindsight::Severity severity = hindsight::Severity::warning;
    static constexpr std::string_view chosen_name(enumerated_test::Signal signal) {
        return signal == enumerated_test::Signal::lost ? "radio.silence" : "";
    }
};

namespace {

using enumerated_test::AgentEvent;
using enumerated_test::Plain;
using enumerated_test::Signal;
using hindsight::Delivery;
using hindsight::EnumeratedEvent;
using hindsight::EventBus;
using hindsight::InvalidName;
using hindsight::NamedEvent;
using hindsight::Record;
using namespace hindsight::test;

struct Agent {
    static constexpr hindsight::Severity event_severity = hindsight::Severity::error;
    std::string name;
    int beats = 0;
    static constexpr auto event_key = &Agent::name;
    std::size_t event_payload_bytes() const { return 1000; }
    std::string event_json() const { return "[" + std::to_string(beats) + "]"; }
};

/// A class that has the name of a kind.
struct Stopped {
    static constexpr std::string_view event_name = hindsight::event_name(AgentEvent::agent_stopped);
};

static_assert(hindsight::EnumeratedKind<AgentEvent> && hindsight::EnumeratedKind<Plain>);
static_assert(!hindsight::EnumeratedKind<enumerated_test::Undescribed> && !hindsight::EnumeratedKind<Agent>);
static_assert(hindsight::event_name(AgentEvent::agent_started) == "agent.started");
static_assert(hindsight::event_name(AgentEvent::task_step_done) == "task.step_done");
static_assert(hindsight::event_name(AgentEvent::HEARTBEAT) == "heartbeat");
static_assert(hindsight::event_name(AgentEvent::QueueIsFull) == "queue.is_full");
static_assert(hindsight::event_name(enumerated_test::plain_two) == "plain.two");
static_assert(hindsight::event_name(Signal::lost) == "radio.silence");
static_assert(hindsight::event_name(Signal::found_again) == "found");
static_assert(hindsight::event_name(Signal::back) == "back");
static_assert(hindsight::kind_of<AgentEvent>("agent.stopped") == AgentEvent::agent_stopped);
static_assert(hindsight::kind_of<Signal>("found.again") == Signal::found);
static_assert(!hindsight::kind_of<AgentEvent>("agent") && !hindsight::kind_of<AgentEvent>(""));

hindsight::SubscribeOptions direct() {
    return {.delivery = Delivery::direct};
}

TEST_CASE("a kind is emitted under its name, and subscribed to by its value", "[enumerated]") {
    EventBus bus;
    std::vector<std::string> log;
    const auto by_kind = bus.subscribe(
        AgentEvent::agent_started, [&](const Record& r) { log.push_back("kind " + std::string(r.name())); }, direct());
    const auto by_pattern = bus.subscribe(
        "agent.*", [&](const Record& r) { log.push_back("pattern " + std::string(r.name())); }, direct());
    const auto by_type = bus.subscribe<AgentEvent>(
        [&](const AgentEvent& kind) { log.push_back("type " + std::to_string(static_cast<int>(kind))); }, direct());
    bus.emit(AgentEvent::agent_started, {.source = "worker_1"});
    bus.emit(AgentEvent::agent_stopped);
    CHECK(log == std::vector<std::string>{"kind agent.started", "pattern agent.started", "type 0",
                                          "pattern agent.stopped", "type 1"});
    const Record first = bus.history().query({.name = "agent.started", .source = "worker_1"}).front();
    CHECK(first.as<AgentEvent>() == AgentEvent::agent_started);
    CHECK(first.category() == "agent");
    CHECK(hindsight::kind_of<AgentEvent>(first) == AgentEvent::agent_started);
    CHECK(bus.stats().by_name.at("agent.started").emitted == 1);
}

TEST_CASE("an event of a kind has data, whose severity, key, size and JSON it has", "[enumerated]") {
    EventBus bus;
    std::vector<std::string> log;
    const auto data = bus.subscribe<Agent>(
        AgentEvent::agent_started, [&](const Agent& agent) { log.push_back(agent.name); }, direct());
    const auto both = bus.subscribe<Agent>(
        AgentEvent::agent_started,
        [&](const Agent& agent, const Record& r) { log.push_back(agent.name + " " + std::to_string(r.seq())); },
        direct());
    const auto record = bus.subscribe<Agent>(
        AgentEvent::agent_started, [&](const Record& r) { log.emplace_back(r.name()); }, direct());
    bus.emit(EnumeratedEvent{AgentEvent::agent_started, Agent{"worker_1", 3}});
    bus.emit(EnumeratedEvent{AgentEvent::agent_stopped, Agent{"worker_2", 4}});
    bus.emit(AgentEvent::agent_started);
    bus.emit(EnumeratedEvent{AgentEvent::agent_started, NamedEvent{"other data"}});
    CHECK(log == std::vector<std::string>{"worker_1", "worker_1 1", "agent.started"});
    const auto found = bus.history().query<EnumeratedEvent<AgentEvent, Agent>>({.key = "worker_2"});
    REQUIRE(found.size() == 1);
    CHECK(found[0]->kind == AgentEvent::agent_stopped);
    CHECK(found[0]->data.beats == 4);
    CHECK(found[0].severity() == hindsight::Severity::error);
    CHECK(hindsight::to_json(found[0]).find("[4]") != std::string::npos);
    CHECK(bus.history().stats().bytes > 2000);
}

TEST_CASE("data that cannot be copied, and handlers that cannot, are moved", "[enumerated]") {
    EventBus bus;
    int seen = 0;
    const auto subscription = bus.subscribe<Parcel>(
        Signal::back, [&, owned = std::make_unique<int>(1)](const Parcel& parcel) { seen = *parcel.content + *owned; },
        direct());
    bus.emit(EnumeratedEvent{Signal::back, Parcel{std::make_unique<int>(6)}});
    CHECK(seen == 7);
}

TEST_CASE("kinds stand where patterns do", "[enumerated]") {
    EventBus bus({.history = {.policies = {{AgentEvent::HEARTBEAT, hindsight::KeepNone()},
                                           {Signal::lost, hindsight::BucketRing{.capacity = 1}}}}});
    auto inbox = bus.inbox(AgentEvent::HEARTBEAT);
    bus.emit(AgentEvent::HEARTBEAT);
    bus.emit(Signal::lost);
    bus.emit(Signal::lost);
    CHECK(inbox.drain().size() == 1);
    const auto kept = bus.history().query();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].seq() == 3);
    CHECK(kept[0].severity() == hindsight::Severity::warning);
}

TEST_CASE("a class can have the name of a kind", "[enumerated]") {
    EventBus bus;
    std::vector<bool> stopped;
    const auto subscription = bus.subscribe(
        AgentEvent::agent_stopped, [&](const Record& r) { stopped.push_back(r.get_if<Stopped>() != nullptr); },
        direct());
    bus.emit(Stopped{});
    bus.emit(AgentEvent::agent_stopped);
    CHECK(stopped == std::vector{true, false});
}

TEST_CASE("a value that is no enumerator is refused, and nothing happens", "[enumerated][promise-6]") {
    EventBus bus;
    const auto none = static_cast<AgentEvent>(42);
    const auto negative = static_cast<AgentEvent>(-1);
    CHECK(refuses<InvalidName>("42 of enumerated_test::AgentEvent", [&] { bus.emit(none); }));
    CHECK(refuses<InvalidName>("-1", [&] { bus.emit(EnumeratedEvent{negative, Agent{}}); }));
    CHECK(refuses<InvalidName>("42", [&] { const auto handle = bus.subscribe(none, [](const Record&) {}); }));
    CHECK(refuses<InvalidName>("42", [&] { const auto handle = bus.subscribe<Agent>(none, [](const Agent&) {}); }));
    CHECK(refuses<InvalidName>("41", [] { hindsight::event_name(static_cast<Signal>(41)); }));
    CHECK(refuses<hindsight::InvalidArgument>("null", [&] {
        const auto handle = bus.subscribe<Agent>(AgentEvent::HEARTBEAT, std::function<void(const Agent&)>());
    }));
    CHECK(bus.history().last_seq() == 0);
    CHECK(bus.subscription_count() == 0);
}

}  // namespace
