#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/records.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/export.hpp>
#include <hindsight/format.hpp>
#include <hindsight/scope.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

const TimePoint noon{std::chrono::hours(12)};

template <class... Arguments>
std::string trace_of(const Arguments&... arguments) {
    std::ostringstream out;
    write_trace(out, arguments...);
    return out.str();
}

std::string mermaid_of(std::span<const Record> records) {
    std::ostringstream out;
    write_mermaid(out, records);
    return out.str();
}

std::string graphviz_of(std::span<const Record> records) {
    std::ostringstream out;
    write_graphviz(out, records);
    return out.str();
}

/// Two agents, an answer, and an event whose cause is not there.
std::vector<Record> conversation(EventStore& store) {
    return {
        record_of(store, Tick{1}, {.source = "agent-1", .time = noon}),
        record_of(store, Tock{2}, {.source = "agent <2>", .cause = 1, .time = noon + 1500ns}),
        record_of(store, Tock{3}, {.severity = Severity::error, .cause = 77, .time = noon + 2s}),
    };
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST_CASE("a sequence diagram has sources, causes and notes", "[export]") {
    EventStore store;
    CHECK(mermaid_of(conversation(store)) == R"(sequenceDiagram
    participant p1 as agent#45;1
    participant p2 as agent #60;2#62;
    participant p3 as (no source)
    Note over p1: test.tick (1)
    p1->>p2: test.tock (2)
    Note over p3: test.tock (3, caused by 77, which is not shown)
)");
}

TEST_CASE("a graph has a node for each event, also for causes that are not there", "[export]") {
    EventStore store;
    CHECK(graphviz_of(conversation(store)) == R"dot(digraph events {
    rankdir=LR;
    node [shape=box, style=filled];
    subgraph cluster_1 {
        label="agent-1";
        e1 [label="test.tick\n#1", fillcolor=white];
    }
    subgraph cluster_2 {
        label="agent <2>";
        e2 [label="test.tock\n#2", fillcolor=white];
    }
    subgraph cluster_3 {
        label="(no source)";
        e3 [label="test.tock\n#3", fillcolor=salmon];
    }
    earlier_1 [shape=plaintext, style=solid, label="#77"];
    e1 -> e2;
    earlier_1 -> e3 [style=dashed];
}
)dot");
}

TEST_CASE("sources are drawn in their scopes", "[export]") {
    EventBus bus{{.pool = {.threads = 0}}};
    const Scope inner = bus.scope("a.in-ner");
    const Scope outer = bus.scope("a");
    const Seq asked = inner.emit(Tick{1}, {.source = "x"}).seq;
    bus.emit(Tick{2}, {.source = "x", .cause = asked});
    outer.emit(Tock{3}, {.source = "y", .cause = asked});
    inner.emit(Tick{4}, {.source = "y"});
    const std::vector<Record> records = bus.history().query();

    CHECK(mermaid_of(records) == R"(sequenceDiagram
    box transparent a.in#45;ner
        participant p1 as x
        participant p2 as y
    end
    participant p3 as x
    box transparent a
        participant p4 as y
    end
    Note over p1: test.tick (1)
    p1->>p3: test.tick (2)
    p1->>p4: test.tock (3)
    Note over p2: test.tick (4)
)");
    CHECK(graphviz_of(records) == R"dot(digraph events {
    rankdir=LR;
    node [shape=box, style=filled];
    subgraph cluster_scope_1 {
        label="a.in-ner";
    subgraph cluster_1 {
        label="x";
        e1 [label="test.tick\n#1", fillcolor=white];
    }
    subgraph cluster_2 {
        label="y";
        e4 [label="test.tick\n#4", fillcolor=white];
    }
    }
    subgraph cluster_3 {
        label="x";
        e2 [label="test.tick\n#2", fillcolor=white];
    }
    subgraph cluster_scope_2 {
        label="a";
    subgraph cluster_4 {
        label="y";
        e3 [label="test.tock\n#3", fillcolor=white];
    }
    }
    e1 -> e2;
    e1 -> e3;
}
)dot");
}

TEST_CASE("a trace has a track for each source and an arrow along each cause", "[export]") {
    EventStore store;
    std::vector<Record> records = conversation(store);
    records.pop_back();
    const std::string args_1 = to_json(records[0]);
    const std::string args_2 = to_json(records[1]);
    CHECK(trace_of(records) ==
          R"({"displayTimeUnit":"ns","otherData":{"begin":"1970-01-01T12:00:00.000000000Z"},"traceEvents":[
{"ph":"M","pid":1,"tid":1,"name":"process_name","args":{"name":"events"}},
{"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"agent-1"}},
{"ph":"M","pid":1,"tid":2,"name":"thread_name","args":{"name":"agent <2>"}},
{"ph":"X","pid":1,"tid":1,"ts":0.000,"dur":1.000,"name":"test.tick","cat":"test","args":)" +
              args_1 + R"(},
{"ph":"s","pid":1,"tid":1,"ts":0.000,"name":"cause","cat":"cause","id":2},
{"ph":"X","pid":1,"tid":2,"ts":1.500,"dur":1.000,"name":"test.tock","cat":"test","args":)" +
              args_2 + R"(},
{"ph":"f","pid":1,"tid":2,"ts":1.500,"name":"cause","cat":"cause","id":2,"bp":"e"}
]}
)");
}

TEST_CASE("nothing is a whole trace, diagram and graph, too", "[export]") {
    const std::vector<Record> none(3);
    CHECK(trace_of(none) == "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"begin\":\"1970-01-01T00:00:00.000000000Z\"},"
                            "\"traceEvents\":[\n]}\n");
    CHECK(mermaid_of(none) == "sequenceDiagram\n");
    CHECK(graphviz_of(none) == "digraph events {\n    rankdir=LR;\n    node [shape=box, style=filled];\n}\n");
}

TEST_CASE("runs of handlers are slices on the tracks of their threads", "[export]") {
    const auto clock = std::make_shared<ManualClock>(noon);
    const auto log = std::make_shared<DeliveryLog>();
    EventBus bus{{.clock = clock, .on_error = [](const HandlerError&) {}, .deliveries = log}};
    const auto inner = bus.subscribe<Tock>(
        [&](const Tock&) {
            clock->advance(2us);
            throw std::runtime_error("on purpose");
        },
        {.delivery = Delivery::direct});
    const auto outer = bus.subscribe<Tick>(
        [&](const Tick&) {
            clock->advance(1us);
            bus.emit(Tock{}, {.source = "inside"});
            clock->advance(1ns);
        },
        {.name = "outer \"one\"", .delivery = Delivery::direct});
    bus.emit(Tick{}, {.source = "outside"});

    const std::string trace = trace_of(bus.history().query(), log->runs());
    CHECK_THAT(trace, Contains(R"("pid":2,"tid":3,"name":"process_name","args":{"name":"handlers"})"));
    CHECK_THAT(trace, Contains(R"("pid":2,"tid":3,"ts":0.000,"dur":3.001,"name":"outer \"one\"","cat":"handler",)"));
    CHECK_THAT(trace, Contains(R"("pid":2,"tid":3,"ts":1.000,"dur":2.000,"name":"#1","cat":"handler","cname":"terr)"));
    CHECK_THAT(trace, Contains(R"("pattern":"test.tock","delivery":"direct","failed":true,)"
                               R"("start":"1970-01-01T12:00:00.000001000Z","nanoseconds":2000,)"));
    CHECK(count(trace, R"("name":"delivery","cat":"delivery")") == 4);
    CHECK(count(trace, R"("name":"cause","cat":"cause")") == 2);
}

TEST_CASE("a run that seems to end after the one around it is cut", "[export]") {
    const auto handler = std::make_shared<const ObservedHandler>();
    const auto run = [&](Duration start, Duration duration) {
        return HandlerRun{.handler = handler, .thread = 1, .start = noon + start, .duration = duration};
    };
    const std::vector<HandlerRun> runs{run(5us, 9us), run(0us, 10us), run(10us, 1us)};
    const std::string trace = trace_of(std::vector<Record>(), runs);
    CHECK_THAT(trace, Contains(R"("ts":0.000,"dur":10.000,)"));
    CHECK_THAT(trace, Contains(R"("ts":5.000,"dur":5.000,)"));
    CHECK_THAT(trace, Contains(R"("nanoseconds":9000)"));
    CHECK_THAT(trace, Contains(R"("ts":10.000,"dur":1.000,)"));
}

TEST_CASE("events of one source do not overlap, and arrows do not go back in time", "[export]") {
    EventStore store;
    const std::vector<Record> records{
        record_of(store, Tick{1}, {.source = "a", .time = noon + 300ns}),
        record_of(store, Tick{2}, {.source = "a", .cause = 1, .time = noon}),
        record_of(store, Tick{3}, {.source = "a", .cause = 3, .time = noon + 300ns}),
    };
    const std::string trace = trace_of(records);
    CHECK_THAT(trace, Contains(R"("ts":0.000,"dur":0.300,)"));
    CHECK_THAT(trace, Contains(R"("ts":0.300,"dur":0.000,)"));
    CHECK_THAT(trace, Contains(R"("ts":0.300,"dur":1.000,)"));
    CHECK(count(trace, R"("ph":"s")") == 0);
}

TEST_CASE("times are exact however far they are apart", "[export]") {
    EventStore store;
    const std::vector<Record> records{
        record_of(store, Tick{1}, {.time = TimePoint::min()}),
        record_of(store, Tick{2}, {.time = TimePoint::max()}),
    };
    CHECK_THAT(trace_of(records), Contains(R"("ts":18446744073709551.615,)"));
}

TEST_CASE("long texts are cut in drawings", "[export]") {
    EventStore store;
    const std::string hundred(100, 'x');
    std::string umlauts;
    for (int i = 0; i < 101; ++i) umlauts += "\u00fc";
    const std::vector<Record> records{record_of(store, Tick{}, {.source = hundred}),
                                      record_of(store, Tick{}, {.source = umlauts})};
    CHECK_THAT(mermaid_of(records), Contains("as " + hundred + "\n"));
    CHECK_THAT(graphviz_of(records), Contains("label=\"" + umlauts.substr(0, 200) + "...\";"));
}

TEST_CASE("events of several buses are told apart", "[export]") {
    EventStore first;
    EventStore second;
    const std::vector<Record> records{
        record_of(first, Tick{1}, {.source = "first"}),
        record_of(second, Tick{1}, {.source = "second"}),
        record_of(second, Tick{2}, {.source = "third", .cause = 1}),
    };
    CHECK_THAT(mermaid_of(records), Contains("p2->>p3: "));
    CHECK_THAT(graphviz_of(records), Contains("e2 -> e3;"));
}

TEST_CASE("what typed queries give is exported as well", "[export]") {
    EventStore store;
    (void)conversation(store);
    const std::vector<TypedRecord<Tick>> ticks = store.query<Tick>();
    const std::vector<Record> records = store.query({.name = "test.tick"});
    std::ostringstream out;
    write_mermaid(out, ticks);
    write_graphviz(out, ticks);
    CHECK(out.str() == mermaid_of(records) + graphviz_of(records));
    CHECK(trace_of(ticks) == trace_of(records));
}

struct Unwritable {
    static constexpr std::string_view event_name = "test.unwritable";
    std::string event_json() const { throw std::runtime_error("no JSON today"); }
};

TEST_CASE("what payloads and streams throw comes through", "[export]") {
    EventStore store;
    const std::vector<Record> records{record_of(store, Unwritable{})};
    CHECK_THROWS_WITH(trace_of(records), "no JSON today");
    CHECK_NOTHROW(mermaid_of(records));
    std::ostream broken(nullptr);
    CHECK_NOTHROW(write_graphviz(broken, records));
    CHECK_FALSE(broken);
}

}  // namespace
