// Polymorphic delivery: subscriptions, queries and filters by a base of event types.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/scope.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Record;
using hindsight::Replay;
using hindsight::SubscribeOptions;
using namespace hindsight::test;

namespace event_bases {

/// Abstract, so no event itself. All that derives from it inherits `event_base`.
struct Shape {
    using event_base = Shape;
    Shape() = default;
    Shape(const Shape&) = default;
    Shape& operator=(const Shape&) = default;
    virtual ~Shape() = default;
    virtual double area() const = 0;
};

/// Cannot be copied or moved by itself.
struct Labelled {
    explicit Labelled(std::string label_) : label(std::move(label_)) {}
    std::string label;

protected:
    Labelled(const Labelled&) = default;
    Labelled& operator=(const Labelled&) = default;
    ~Labelled() = default;
};

struct Square : Shape {
    static constexpr std::string_view event_name = "shape.square";
    explicit Square(double side_) : side(side_) {}
    double area() const override { return side * side; }
    double side;
};

/// Two bases, the second of which does not lie where the event does.
struct Tagged : Shape, Labelled {
    static constexpr std::string_view event_name = "shape.tagged";
    using event_base = hindsight::EventBases<Shape, Labelled>;
    Tagged(std::string tag, double area) : Labelled(std::move(tag)), area_(area) {}
    double area() const override { return area_; }

private:
    double area_;
};

/// Derives from a base, but says nothing of it.
struct Silent : Labelled {
    static constexpr std::string_view event_name = "shape.silent";
    Silent() : Labelled("silent") {}
};

/// An event that is a base of others, and names itself.
struct Failure {
    static constexpr std::string_view event_name = "failure.any";
    using event_base = Failure;
    std::string what;
};
struct DiskFailure : Failure {
    static constexpr std::string_view event_name = "failure.disk";
    int disk = 0;
};
/// What it names names its own base in turn.
struct Outage : DiskFailure {
    static constexpr std::string_view event_name = "failure.outage";
    using event_base = hindsight::EventBases<Outage, Failure>;
};
struct LongOutage : Outage {
    static constexpr std::string_view event_name = "failure.long_outage";
    using event_base = Outage;
};

/// From somewhere else: its traits say it.
struct Foreign : Shape {
    double area() const override { return 7; }
};

}  // namespace event_bases

template <>
struct hindsight::EventTraits<event_bases::Foreign> : hindsight::DefaultEventTraits<event_bases::Foreign> {
    static constexpr std::string_view name = "shape.foreign";
    using base = event_bases::Shape;
};

using namespace event_bases;

namespace {

const SubscribeOptions direct{.delivery = Delivery::direct};

TEST_CASE("a subscription to a base is given every derived event once", "[event_bases]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus{{.pool = {.threads = 0}}};
    std::vector<std::string> seen;
    const SubscribeOptions options{.delivery = delivery};
    const auto shapes = bus.subscribe<Shape>(
        [&](const Shape& shape, const Record& record) {
            seen.push_back(std::string(record.name()) + "=" + std::to_string(static_cast<int>(shape.area())));
        },
        options);
    const auto labels =
        bus.subscribe<Labelled>([&](const Labelled& labelled) { seen.push_back(labelled.label); }, options);
    const auto squares = bus.subscribe<Square>([&](const Square&) { seen.emplace_back("square"); }, options);
    CHECK(bus.emit(Square(2)).matched == 2);
    CHECK(bus.emit(Tagged("tag", 5)).matched == 2);
    CHECK(bus.emit(Foreign()).matched == 1);
    CHECK(bus.emit(Silent()).matched == 0);
    CHECK(bus.emit(Tick{1}).matched == 0);
    bus.run_pending();
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<std::string>{"shape.foreign=7", "shape.square=4", "shape.tagged=5", "square", "tag"});
}

TEST_CASE("a base that is an event itself has its own events and those that derive from it", "[event_bases]") {
    EventBus bus;
    std::vector<std::string> seen;
    const auto failures = bus.subscribe<Failure>([&](const Failure& failure) { seen.push_back(failure.what); }, direct);
    int disks = 0;
    const auto exact = bus.subscribe<DiskFailure>([&](const DiskFailure& failure) { disks += failure.disk; }, direct);
    int outages = 0;
    const auto between = bus.subscribe<Outage>([&](const Outage&) { ++outages; }, direct);
    bus.emit(Failure{"any"});
    bus.emit(DiskFailure{{"disk"}, 3});
    bus.emit(Outage{{{"outage"}, 4}});
    bus.emit(LongOutage{{{{"long"}, 5}}});
    CHECK(seen == std::vector<std::string>{"any", "disk", "outage", "long"});
    CHECK(disks == 3);  // it does not name itself, so it is no base
    CHECK(outages == 2);
    CHECK(bus.history().query<Failure>().size() == 4);
    CHECK(bus.history().query<DiskFailure>().size() == 1);
    CHECK(bus.history().query<Outage>().size() == 2);
    CHECK(bus.history().query<Failure>({.name = "failure.disk"}).at(0)->what == "disk");
    CHECK(bus.latest<Failure>().value()->what == "long");
}

TEST_CASE("records are read as their bases", "[event_bases]") {
    EventBus bus;
    bus.emit(Tagged("tag", 5));
    bus.emit(Square(3));
    bus.emit(Tick{1});
    const std::vector<Record> all = bus.history().query();
    CHECK(all[0].as<Labelled>().label == "tag");
    CHECK(all[0].get_if<Labelled>() == static_cast<const Labelled*>(all[0].get_if<Tagged>()));
    CHECK(static_cast<const void*>(all[0].get_if<Labelled>()) != all[0].get_if<Tagged>());
    CHECK(all[0].get_if<Square>() == nullptr);
    CHECK(all[1].as<Shape>().area() == 9);
    CHECK(all[1].get_if<Labelled>() == nullptr);
    CHECK(all[2].get_if<Shape>() == nullptr);
    CHECK(refuses<hindsight::BadEventCast>("Shape", [&] { (void)all[2].as<Shape>(); }));

    const auto shapes = bus.history().query<Shape>();
    REQUIRE(shapes.size() == 2);
    CHECK(shapes[0]->area() == 5);
    CHECK(shapes[1]->area() == 9);
    CHECK(bus.history().query<Labelled>().size() == 1);
    CHECK(bus.history().query<Shape>({.limit = 1, .take = hindsight::Take::oldest}).at(0).name() == "shape.tagged");
    CHECK(bus.history().as_of(1).query<Shape>().size() == 1);
    CHECK(bus.history().query({.where = hindsight::where<Shape>([](const Shape& s) { return s.area() > 6; })}).size() ==
          1);
}

TEST_CASE("filters, inboxes, members and joins know bases", "[event_bases]") {
    struct Adding {
        void add(const Shape& shape) { sum += shape.area(); }
        double sum = 0;
    };
    EventBus bus;
    bus.emit(Square(1));
    bus.emit(Tagged("tag", 5));
    const auto large = hindsight::where<Shape>([](const Shape& shape) { return shape.area() > 4; });
    std::vector<double> seen;
    const auto s = bus.subscribe<Square>([&](const Square& square) { seen.push_back(square.area()); },
                                         {.delivery = Delivery::direct, .filter = large});
    const auto past = bus.subscribe<Shape>([&](const Shape& shape) { seen.push_back(shape.area()); },
                                           {.delivery = Delivery::direct, .filter = large, .replay = Replay::last(10)});
    const auto derived = bus.subscribe<Shape>(
        [&](const Shape&) { seen.push_back(-1); },
        {.delivery = Delivery::direct, .filter = hindsight::where<Tagged>([](const Tagged&) { return true; })});
    CHECK(refuses<hindsight::InvalidArgument>("filter", [&] {
        (void)bus.subscribe<Shape>([](const Shape&) {},
                                   {.filter = hindsight::where<Tick>([](const Tick&) { return true; })});
    }));
    const auto adding = std::make_shared<Adding>();
    const auto member = bus.subscribe<Shape>(adding, &Adding::add, direct);
    auto inbox = bus.inbox<Shape>();
    bus.emit(Square(2));
    bus.emit(Square(3));
    CHECK(seen == std::vector<double>{5, 9, 9});
    CHECK(adding->sum == 13);
    CHECK(inbox.try_next().value()->area() == 4);
    CHECK(inbox.try_next().value()->area() == 9);
}

TEST_CASE("scopes and bases go together", "[event_bases][scope]") {
    EventBus bus;
    const hindsight::Scope scope = bus.scope("a");
    double in_scope = 0;
    double in_all = 0;
    const auto s = scope.subscribe<Shape>([&](const Shape& shape) { in_scope += shape.area(); }, direct);
    const auto t = bus.subscribe<Shape>([&](const Shape& shape) { in_all += shape.area(); }, direct);
    bus.emit(Square(1));
    scope.emit(Square(2));
    CHECK(in_scope == 4);
    CHECK(in_all == 5);
    CHECK(scope.history().query<Shape>().size() == 1);
}

TEST_CASE("subscriptions to bases come and go between events", "[event_bases]") {
    EventBus bus;
    int seen = 0;
    const auto emitted = [&] {
        seen = 0;
        bus.emit(Square(1));
        return seen;
    };
    CHECK(emitted() == 0);
    auto first = bus.subscribe<Shape>([&](const Shape&) { ++seen; }, direct);
    CHECK(emitted() == 1);
    const auto second = bus.subscribe<Shape>([&](const Shape&) { ++seen; }, direct);
    CHECK(emitted() == 2);
    first.disconnect();
    CHECK(emitted() == 1);
}

TEST_CASE("the bare event is not taken for its base where history keeps none", "[event_bases]") {
    EventBus bus{{.history = {.capacity = 0}}};
    std::string seen;
    const auto s = bus.subscribe<Labelled>([&](const Labelled& labelled) { seen += labelled.label; }, direct);
    bus.emit(Tagged("tag", 5));
    CHECK(seen == "tag");
}

}  // namespace
