#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/nodes.hpp"
#include "support/waiting.hpp"

#include <hindsight/detail/registry.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::NamedEvent;
using hindsight::Record;
using hindsight::detail::Draft;
using hindsight::detail::event_type;
using hindsight::detail::Frame;
using hindsight::detail::Node;
using hindsight::detail::NodePtr;
using hindsight::detail::Registry;
using hindsight::detail::Snapshot;
using hindsight::detail::ThreadSlot;
using hindsight::detail::Topic;
using namespace hindsight::test;

namespace registry_test {

struct OtherTick {
    static constexpr std::string_view event_name = Tick::event_name;
};

}  // namespace registry_test

using registry_test::OtherTick;

namespace {

const IdleEngine engine;

/// Calls `use(topic, is_owned)` with the topic of the event.
template <class E, class F>
auto with_topic(Registry& registry, const E& event, F use) {
    return hindsight::detail::with_draft(event, {}, [&](const Draft& draft) {
        std::unique_ptr<Topic> owned;
        Topic* const known = registry.find(draft.type);
        Topic& topic = known != nullptr ? *known : registry.look_up(draft, owned);
        return use(topic, owned != nullptr);
    });
}

/// The patterns of the nodes that an event is for now, in the order of their calls.
template <class E>
std::string subscribers(Registry& registry, const E& event) {
    return with_topic(registry, event, [&](Topic& topic, bool) {
        Frame frame(ThreadSlot::current(), engine);
        std::string text;
        for (const NodePtr& node : registry.pin_current(frame.cell, topic)->nodes) {
            text += std::string(node->pattern->text()) + " ";
        }
        return text;
    });
}

NodePtr typed_node(const hindsight::detail::EventType& type) {
    NodePtr node = idle_node_for(type.self_named ? "*" : type.name);
    node->type = &type;
    return node;
}

TEST_CASE("nodes get increasing ids and are listed in the order of connecting", "[registry]") {
    Registry registry(100, true);
    const NodePtr a = idle_node_for("x.a"), b = idle_node_for("x.*"), c = idle_node_for("x.a", 5);
    for (const NodePtr& node : {a, b, c}) registry.connect(*node);
    CHECK(a->id == 1);
    CHECK(b->id == 2);
    CHECK(c->id == 3);
    auto nodes = registry.nodes();
    REQUIRE(nodes.size() == 3);
    CHECK(nodes[0].get() == a.get());
    CHECK(nodes[2].get() == c.get());
    CHECK(registry.disconnect(*b));
    CHECK_FALSE(registry.disconnect(*b));
    CHECK(registry.nodes().size() == 2);
    const NodePtr d = idle_node_for("x.d");
    registry.connect(*d);
    CHECK(d->id == 4);
}

TEST_CASE("a walk over the nodes meets each once, and may end what it meets and others", "[registry]") {
    Registry registry(100, true);
    std::vector<NodePtr> nodes;
    for (int i = 0; i < 6; ++i) nodes.push_back(idle_node_for(i % 2 == 0 ? "x.a" : "x.*"));
    for (const NodePtr& node : nodes) registry.connect(*node);
    std::vector<std::uint64_t> met;
    registry.for_each_node([&](Node& node) {
        met.push_back(node.id);
        if (node.id == 2) {
            registry.disconnect(node);
            registry.disconnect(*nodes[3]);
        }
    });
    CHECK(met == std::vector<std::uint64_t>{1, 2, 3, 5, 6});
    met.clear();
    registry.for_each_node([&](Node& node) {
        met.push_back(node.id);
        registry.disconnect(node);
    });
    CHECK(met == std::vector<std::uint64_t>{1, 3, 5, 6});
    CHECK(registry.nodes().empty());
}

TEST_CASE("a node is unseen until a snapshot has it, and dead ones stay so", "[registry]") {
    Registry registry(100, true);
    const NodePtr ticks = idle_node_for("test.tick"), tocks = idle_node_for("test.tock"),
                  dead = idle_node_for("test.*");
    for (const NodePtr& node : {ticks, tocks, dead}) registry.connect(*node);
    CHECK(ticks->has(Node::unseen));
    CHECK(registry.disconnect(*dead));
    CHECK(subscribers(registry, Tick{}) == "test.tick ");
    CHECK_FALSE(ticks->has(Node::unseen));
    CHECK(tocks->has(Node::unseen));
    CHECK(dead->has(Node::unseen));
}

TEST_CASE("an event's subscribers are those of its type, its name and matching patterns", "[registry]") {
    Registry registry(100, true);
    std::vector<NodePtr> nodes{
        idle_node_for("test.tick"), typed_node(event_type<Tick>()),       idle_node_for("test.*"),
        idle_node_for("test.tock"), typed_node(event_type<NamedEvent>()), idle_node_for("*")};
    for (const NodePtr& node : nodes) registry.connect(*node);
    CHECK(subscribers(registry, Tick{}) == "test.tick test.tick test.* * ");
    CHECK(subscribers(registry, Tock{}) == "test.* test.tock * ");
    CHECK(subscribers(registry, NamedEvent{"test.tick"}) == "test.tick test.* * * ");
    CHECK(subscribers(registry, NamedEvent{"other"}) == "* * ");
}

TEST_CASE("subscribers change with connections made and ended later", "[registry]") {
    Registry registry(100, true);
    CHECK(subscribers(registry, Tick{}).empty());
    const NodePtr named = idle_node_for("test.tick"), pattern = idle_node_for("test.*", 1);
    registry.connect(*named);
    CHECK(subscribers(registry, Tick{}) == "test.tick ");
    registry.connect(*pattern);
    CHECK(subscribers(registry, Tick{}) == "test.* test.tick ");
    registry.disconnect(*named);
    CHECK(subscribers(registry, Tick{}) == "test.* ");
    registry.disconnect(*pattern);
    CHECK(subscribers(registry, Tick{}).empty());
}

TEST_CASE("only the topics that a change concerns are collected again", "[registry]") {
    Registry registry(100, true);
    const auto snapshot_of = [&](const auto& event) {
        return with_topic(registry, event, [&](Topic& topic, bool) {
            Frame frame(ThreadSlot::current(), engine);
            return registry.pin_current(frame.cell, topic);
        });
    };
    CHECK(snapshot_of(Tick{})->nodes.empty());
    const Snapshot* const of_tock = snapshot_of(Tock{});
    const NodePtr node = idle_node_for("test.tick");
    registry.connect(*node);
    CHECK(snapshot_of(Tock{}) == of_tock);
    CHECK(snapshot_of(Tick{})->nodes.size() == 1);
    CHECK(snapshot_of(Tick{}) == snapshot_of(Tick{}));
}

TEST_CASE("a snapshot that is in use survives changes, and holds its nodes", "[registry]") {
    Registry registry(100, true);
    const auto state = std::make_shared<int>(0);
    NodePtr node = node_for("test.tick", [state](const Record&) {});
    registry.connect(*node);
    with_topic(registry, Tick{}, [&](Topic& topic, bool) {
        Frame frame(ThreadSlot::current(), engine);
        const Snapshot* const before = registry.pin_current(frame.cell, topic);
        registry.disconnect(*node);
        node = NodePtr();
        CHECK(subscribers(registry, Tick{}).empty());
        CHECK(subscribers(registry, Tick{}).empty());
        REQUIRE(before->nodes.size() == 1);
        CHECK(before->nodes[0]->pattern->text() == "test.tick");
    });
    // The next changes let go of it.
    for (int i = 0; i < 2; ++i) {
        const NodePtr other = idle_node_for("test.tick");
        registry.connect(*other);
        subscribers(registry, Tick{});
        registry.disconnect(*other);
        subscribers(registry, Tick{});
    }
    CHECK(state.use_count() == 1);
}

TEST_CASE("a name belongs to one type, besides events that name themselves", "[registry]") {
    Registry registry(100, true);
    with_topic(registry, Tick{}, [](Topic&, bool) {});
    CHECK_THROWS_AS(with_topic(registry, OtherTick{}, [](Topic&, bool) {}), hindsight::TypeConflict);
    const NodePtr conflicting = typed_node(event_type<OtherTick>());
    CHECK_THROWS_AS(registry.connect(*conflicting), hindsight::TypeConflict);
    CHECK(registry.nodes().empty());
    const auto name = [](Topic& topic, bool) { return topic.name; };
    CHECK(with_topic(registry, NamedEvent{"test.tick"}, name) == "test.tick");
}

TEST_CASE("names beyond the limit get a topic for one event, types always get their own", "[registry]") {
    Registry registry(2, true);
    const auto is_owned = [](Topic&, bool owned) { return owned; };
    CHECK_FALSE(with_topic(registry, NamedEvent{"n.one"}, is_owned));
    CHECK_FALSE(with_topic(registry, NamedEvent{"n.two"}, is_owned));
    CHECK(with_topic(registry, NamedEvent{"n.three"}, is_owned));
    CHECK_FALSE(with_topic(registry, NamedEvent{"n.one"}, is_owned));
    CHECK_FALSE(with_topic(registry, Tick{}, is_owned));
    const NodePtr named = idle_node_for("n.three"), pattern = idle_node_for("n.*");
    registry.connect(*named);
    registry.connect(*pattern);
    CHECK(subscribers(registry, NamedEvent{"n.three"}) == "n.three n.* ");
    CHECK(subscribers(registry, NamedEvent{"n.one"}) == "n.* ");
    registry.disconnect(*named);
    CHECK(subscribers(registry, NamedEvent{"n.three"}) == "n.* ");
    int topics = 0;
    registry.for_each_topic([&](const Topic&) { ++topics; });
    CHECK(topics == 3);
}

TEST_CASE("connecting, disconnecting and looking up at the same time is safe", "[registry]") {
    Registry registry(100, true);
    const NodePtr constant = idle_node_for("test.tick");
    registry.connect(*constant);
    std::atomic<bool> done{false};
    auto reader = start([&] {
        int missed = 0;
        do {
            with_topic(registry, Tick{}, [&](Topic& topic, bool) {
                Frame frame(ThreadSlot::current(), engine);
                const auto& nodes = registry.pin_current(frame.cell, topic)->nodes;
                missed += !nodes.empty() && nodes.front()->pattern->text() == "test.tick" ? 0 : 1;
            });
        } while (!done);
        return missed;
    });
    for (int i = 0; i < 300; ++i) {
        const NodePtr node = idle_node_for(i % 2 == 0 ? "test.tick" : "test.*");
        registry.connect(*node);
        registry.disconnect(*node);
    }
    done = true;
    CHECK(get_soon(std::move(reader)) == 0);
    CHECK(subscribers(registry, Tick{}) == "test.tick ");
}

}  // namespace
