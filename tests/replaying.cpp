#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/format.hpp>
#include <hindsight/replaying.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start_of_recording{std::chrono::hours(24 * 365 * 56)};

/// A bus with a clock that stands still, on which queued handlers run inside `emit`.
struct Laboratory {
    explicit Laboratory(TimePoint start = start_of_recording) : clock(std::make_shared<ManualClock>(start)) {}

    std::shared_ptr<ManualClock> clock;
    EventBus bus{{.executor = std::make_shared<InlineExecutor>(), .clock = clock}};

    std::vector<Record> records(const Query& query = {}) const { return bus.history().query(query); }
};

/// JSON without what differs from bus to bus: the random id.
std::string text_of(const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records) {
        const std::string json = to_json(record);
        text += json.substr(json.find(",\"seq\""));
        text += '\n';
    }
    return text;
}

std::ptrdiff_t lines_in(const std::string& text) {
    return std::ranges::count(text, '\n');
}

/// What came into the bus from outside.
const Query from_outside{.where = [](const Record& record) { return record.cause() == 0; }};

TEST_CASE("a replayed event says what the recorded one said, and that it is replayed", "[replaying]") {
    Laboratory recorded, lab;
    recorded.bus.emit(Price{"apple", 7}, {.source = "market",
                                          .severity = Severity::warning,
                                          .correlation = "c",
                                          .metadata = {{"a", "1"}, {"b", ""}, {"a", "2"}},
                                          .time = start_of_recording + 3s});
    recorded.bus.emit(NamedEvent{"system.started"}, {.source = "s", .key = "k"});
    lab.bus.emit(Tick{});

    const ReplayReport report = replay(recorded.records(), lab.bus, {.speed = full_speed});
    CHECK(report.emitted == 2);
    CHECK(report.refused == 0);
    CHECK(report.left == 0);
    CHECK(report.first == 2);
    CHECK(report.last == 3);
    const auto records = lab.records({.after_seq = 1});
    REQUIRE(records.size() == 2);
    const Record& price = records[0];
    CHECK(price.seq() == 2);
    CHECK(price.id().origin == lab.bus.history().find(1)->id().origin);
    CHECK(price.replayed());
    CHECK_FALSE(price.truncated());
    CHECK(price.as<Price>().symbol == "apple");
    CHECK(price.as<Price>().cents == 7);
    CHECK(price.source() == "market");
    CHECK(price.key() == "apple");
    CHECK(price.severity() == Severity::warning);
    CHECK(price.correlation() == "c");
    CHECK(price.metadata() == recorded.records()[0].metadata());
    CHECK(price.time() == start_of_recording + 3s);
    CHECK(price.payload_bytes() == sizeof(Price));
    CHECK(records[1].name() == "system.started");
    CHECK(records[1].key() == "k");
    CHECK_FALSE(recorded.records()[0].replayed());
}

TEST_CASE("replayed events reach filters, direct and queued handlers, statistics and history", "[replaying]") {
    EventBus bus;
    Laboratory recorded;
    for (int i = 1; i <= 4; ++i) recorded.bus.emit(Tick{i});
    std::vector<int> direct;
    std::atomic<int> queued{0};
    const auto on_direct =
        bus.subscribe<Tick>([&](const Tick& tick) { direct.push_back(tick.number); }, {.delivery = Delivery::direct});
    const auto on_queued = bus.subscribe<Tick>(
        [&](const Tick& tick, const Record& record) {
            if (record.replayed()) queued += tick.number;
        },
        {.filter = where<Tick>([](const Tick& tick) { return tick.number > 1; })});
    replay(recorded.records(), bus, {.speed = full_speed});
    bus.shutdown(30s);
    CHECK(direct == std::vector{1, 2, 3, 4});
    CHECK(queued == 9);
    CHECK(bus.stats().emitted == 4);
    CHECK(bus.history().size() == 4);
}

TEST_CASE("causes become those of the replay where they were replayed, too", "[replaying]") {
    Laboratory recorded, lab;
    const Seq outside = recorded.bus.emit(Tick{1}).seq;
    const Seq first = recorded.bus.emit(Tick{2}, {.cause = outside}).seq;
    recorded.bus.emit(Tick{3}, {.cause = first});
    recorded.bus.emit(Tick{4}, {.cause = 99});
    for (int i = 0; i < 10; ++i) lab.bus.emit(Tock{});
    const ReplayReport report = replay(recorded.records({.after_seq = outside}), lab.bus, {.speed = full_speed});
    const auto ticks = lab.bus.history().query<Tick>();
    REQUIRE(ticks.size() == 3);
    CHECK(ticks[0].cause() == 0);
    CHECK(ticks[1].cause() == ticks[0].seq());
    CHECK(ticks[2].cause() == 0);
    CHECK(report.lost_causes == 2);
}

TEST_CASE("causes of recordings of two buses are told apart", "[replaying]") {
    Laboratory one, other, lab;
    for (Laboratory* each : {&one, &other}) {
        each->bus.emit(Tick{1});
        each->bus.emit(Tick{2}, {.cause = 1});
    }
    const auto of_one = one.records();
    const auto of_other = other.records();
    replay(std::vector{of_one[0], of_other[0], of_one[1], of_other[1]}, lab.bus, {.speed = full_speed});
    CHECK(lab.bus.history().find(3)->cause() == 1);
    CHECK(lab.bus.history().find(4)->cause() == 2);
}

TEST_CASE("inside a handler a replayed event has no cause, and what its handlers emit has", "[replaying]") {
    Laboratory recorded, lab;
    recorded.bus.emit(Tick{}, {.correlation = "c"});
    const auto on_price =
        lab.bus.subscribe<Price>([&](const Price&) { replay(recorded.records(), lab.bus, {.speed = full_speed}); });
    const auto on_tick = lab.bus.subscribe<Tick>([&](const Tick&) { lab.bus.emit(Tock{}); });
    lab.bus.emit(Price{}, {.correlation = "outer"});
    const auto ticks = lab.bus.history().query<Tick>();
    const auto tocks = lab.bus.history().query<Tock>();
    REQUIRE(ticks.size() == 1);
    REQUIRE(tocks.size() == 1);
    CHECK(ticks[0].cause() == 0);
    CHECK(ticks[0].correlation() == "c");
    CHECK(tocks[0].cause() == ticks[0].seq());
    CHECK(tocks[0].correlation() == "c");
    CHECK_FALSE(tocks[0].replayed());
}

struct Large {
    static constexpr std::string_view event_name = "test.large";
    std::size_t event_payload_bytes() const { return 1'000'000; }
};

struct OtherTick {
    static constexpr std::string_view event_name = "test.tick";
};

struct Brittle {
    static constexpr std::string_view event_name = "test.brittle";
    Brittle() = default;
    Brittle(Brittle&&) = default;
    Brittle(const Brittle&) {
        if (breaks) throw std::runtime_error("broken");
    }
    static inline bool breaks = false;
};

TEST_CASE("what cannot be replayed is refused, counted and named", "[replaying][promise-8]") {
    EventBus recorded{{.on_error = [](const HandlerError&) {}}};
    const auto failing = recorded.subscribe<Tick>([](const Tick&) { throw 1; }, {.delivery = Delivery::direct});
    recorded.emit(Large{});
    recorded.emit(Large{});
    recorded.emit(Parcel{});
    recorded.emit(Tick{});
    recorded.emit(Brittle{});
    recorded.emit(Tock{});
    std::vector<Record> records = recorded.history().query();
    for (const Record& record : recorded.history().query({.pattern = "hindsight.*"})) records.push_back(record);
    records.emplace_back();

    EventBus bus;
    bus.emit(OtherTick{});
    const ReplayReport report = [&] {
        Brittle::breaks = true;
        ReplayReport made = replay(records, bus, {.speed = full_speed});
        Brittle::breaks = false;
        return made;
    }();
    CHECK(report.emitted == 1);
    CHECK(report.refused == 7);
    std::string text;
    for (const auto& each : report.refusals) {
        text += each.name + ": " + std::string(to_string(each.reason)) + " " + std::to_string(each.count) + "; ";
    }
    CHECK(text == "test.large: truncated 2; test.parcel: cannot be copied 1; test.tick: another type has its name 1; "
                  "test.brittle: copying failed 1; hindsight.handler_error: the library's own 1; : empty record 1; ");
    CHECK(bus.history().last_seq() == 2);
    CHECK(report.first == 2);
    CHECK(report.last == 2);
}

TEST_CASE("a payload that was delivered whole is replayed whole, and shortened again for history", "[replaying]") {
    EventBus recorded, bus;
    Record whole;
    const auto keep =
        recorded.subscribe<Large>([&](const Record& record) { whole = record; }, {.delivery = Delivery::direct});
    recorded.emit(Large{}, {.source = "s"});
    bool has_payload = false;
    const auto look = bus.subscribe<Large>(
        [&](const Record& record) { has_payload = record.get_if<Large>() != nullptr && record.replayed(); },
        {.delivery = Delivery::direct});
    CHECK(replay({&whole, 1}, bus, {.speed = full_speed}).emitted == 1);
    CHECK(has_payload);
    const auto kept = bus.history().query();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].truncated());
    CHECK(kept[0].replayed());
    CHECK(kept[0].source() == "s");
}

TEST_CASE("a bus that is shut down takes nothing, which is told", "[replaying][promise-8]") {
    Laboratory recorded, lab;
    for (int i = 0; i < 5; ++i) recorded.bus.emit(Tick{i});
    const auto closing = lab.bus.subscribe<Tick>(
        [&](const Tick& tick) {
            if (tick.number == 1) lab.bus.shutdown(0s);
        },
        {.delivery = Delivery::direct});
    const ReplayReport report = replay(recorded.records(), lab.bus);
    CHECK(report.emitted == 2);
    CHECK(report.refused == 3);
    REQUIRE(report.refusals.size() == 1);
    CHECK(report.refusals[0].reason == ReplayRefusal::closed);
    CHECK(report.refusals[0].count == 3);
}

TEST_CASE("under ErrorPolicy::rethrow a failing handler ends the replay", "[replaying]") {
    Laboratory recorded;
    for (int i = 0; i < 5; ++i) recorded.bus.emit(Tick{i});
    EventBus bus{{.errors = ErrorPolicy::rethrow, .on_error = [](const HandlerError&) {}}};
    const auto failing = bus.subscribe<Tick>(
        [](const Tick& tick) {
            if (tick.number == 2) throw 1;
        },
        {.delivery = Delivery::direct});
    CHECK_THROWS_AS(replay(recorded.records(), bus, {.speed = full_speed}), HandlerFailed);
    CHECK(bus.history().query<Tick>().size() == 3);
}

/// When each event comes, on the bus's clock, after the replay began.
std::vector<Duration> arrivals(const std::vector<Record>& records, ReplayOptions options, TimePoint start = {}) {
    Laboratory lab(start);
    std::vector<Duration> times;
    const auto seen = lab.bus.subscribe("*", [&](const Record&) { times.push_back(lab.clock->now() - start); });
    replay(records, lab.bus, options);
    return times;
}

std::vector<Record> records_at(const std::vector<TimePoint>& times) {
    Laboratory lab;
    for (const TimePoint time : times) lab.bus.emit(Tick{}, {.time = time});
    return lab.records();
}

TEST_CASE("a replay keeps the pace of the recording, or a multiple of it", "[replaying]") {
    const TimePoint t = start_of_recording;
    const auto records = records_at({t, t + 1s, t + 1s, t + 5s});
    using Times = std::vector<Duration>;
    CHECK(arrivals(records, {}) == Times{0s, 1s, 1s, 5s});
    CHECK(arrivals(records, {.speed = 2}) == Times{0s, 500ms, 500ms, 2500ms});
    CHECK(arrivals(records, {.speed = 0.5}) == Times{0s, 2s, 2s, 10s});
    CHECK(arrivals(records, {.speed = full_speed}) == Times{0s, 0s, 0s, 0s});
}

TEST_CASE("times out of order, and any others, do no harm", "[replaying]") {
    const TimePoint t = start_of_recording;
    using Times = std::vector<Duration>;
    CHECK(arrivals(records_at({t, t + 3s, t + 1s, t - 9s, t + 4s}), {}) == Times{0s, 3s, 3s, 3s, 4s});
    const auto extremes = records_at({TimePoint::min(), TimePoint::max(), t});
    CHECK(arrivals(extremes, {}).size() == 3);
    CHECK(arrivals(extremes, {.speed = 1e-300}).size() == 3);
    CHECK(arrivals(extremes, {.speed = 1e300}).size() == 3);
    const auto late = arrivals(extremes, {}, start_of_recording);
    CHECK(late == Times{0s, TimePoint::max() - start_of_recording, TimePoint::max() - start_of_recording});
}

TEST_CASE("a replay can wait as one likes", "[replaying]") {
    const TimePoint t = start_of_recording;
    const auto records = records_at({t, t + 1s, t + 1s, t + 5s});
    Laboratory lab(TimePoint(1h));
    std::vector<TimePoint> due;
    replay(records, lab.bus, {.wait_until = [&](TimePoint time) {
               due.push_back(time);
               lab.clock->set(time);
           }});
    CHECK(due == std::vector<TimePoint>{TimePoint(1h + 1s), TimePoint(1h + 5s)});
    CHECK_THROWS_AS(replay(records, lab.bus, {.wait_until = [](TimePoint) { throw std::runtime_error("enough"); }}),
                    std::runtime_error);
}

TEST_CASE("without a clock of its own a bus is replayed into in real time", "[replaying]") {
    EventBus bus;
    const TimePoint t = start_of_recording;
    const auto records = records_at({t, t + 2ms, t + 4ms});
    const auto before = std::chrono::steady_clock::now();
    replay(records, bus, {.keep_times = false});
    CHECK(std::chrono::steady_clock::now() - before >= 3ms);  // two clocks are involved
    CHECK(bus.history().find(3)->time() - bus.history().find(1)->time() >= 4ms);
}

TEST_CASE("events keep their times, or get new ones", "[replaying]") {
    const TimePoint t = start_of_recording;
    const auto records = records_at({t, t + 1s});
    Laboratory old_times(TimePoint(1h)), new_times(TimePoint(1h));
    replay(records, old_times.bus);
    replay(records, new_times.bus, {.keep_times = false});
    CHECK(old_times.bus.history().find(2)->time() == t + 1s);
    CHECK(new_times.bus.history().find(1)->time() == TimePoint(1h));
    CHECK(new_times.bus.history().find(2)->time() == TimePoint(1h + 1s));
}

TEST_CASE("a replay that is stopped says what it has left", "[replaying]") {
    const auto records = records_at(std::vector<TimePoint>(10, start_of_recording));
    Laboratory lab;
    std::stop_source stop;
    const auto stopping = lab.bus.subscribe<Tick>([&](const Tick&, const Record& record) {
        if (record.seq() == 4) stop.request_stop();
    });
    const double speed = GENERATE(1.0, full_speed);
    const ReplayReport report = replay(records, lab.bus, {.speed = speed, .stop = stop.get_token()});
    CHECK(report.emitted == 4);
    CHECK(report.left == 6);
    CHECK(report.refused == 0);
    CHECK(replay(records, lab.bus, {.stop = stop.get_token()}).left == 10);
}

TEST_CASE("a replay that waits by itself can be stopped", "[replaying]") {
    EventBus bus;
    const auto records = records_at({start_of_recording, start_of_recording + 1h});
    std::stop_source stop;
    std::atomic<bool> begun{false};
    const auto seen = bus.subscribe<Tick>([&](const Tick&) { begun = true; }, {.delivery = Delivery::direct});
    auto replaying = start([&] { return replay(records, bus, {.stop = stop.get_token()}); });
    spin_until([&] { return begun.load(); });
    stop.request_stop();
    const ReplayReport report = get_soon(std::move(replaying));
    CHECK(report.emitted == 1);
    CHECK(report.left == 1);
}

TEST_CASE("a speed that makes no sense is refused", "[replaying]") {
    EventBus bus;
    for (const double speed : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_THROWS_AS(replay(std::vector<Record>{}, bus, {.speed = speed}), InvalidArgument);
    }
    CHECK(replay(std::vector<Record>{}, bus).emitted == 0);
}

TEST_CASE("results of typed queries and answers of the past can be replayed", "[replaying]") {
    Laboratory recorded, lab;
    for (int i = 0; i < 3; ++i) recorded.bus.emit(Tick{i});
    recorded.bus.emit(Tock{});
    const EventStore& history = recorded.bus.history();
    CHECK(replay(history.query<Tick>(), lab.bus).emitted == 3);
    CHECK(replay(history.as_of(2).query(), lab.bus).emitted == 2);
    CHECK(replay(history.as_of(2).query<Tick>(), lab.bus).emitted == 2);
    CallbackManager callbacks;
    CHECK(replay(history.query(), callbacks, {.speed = full_speed}).emitted == 4);
}

TEST_CASE("a bus can replay its own past", "[replaying]") {
    Laboratory lab;
    for (int i = 0; i < 3; ++i) lab.bus.emit(Tick{i});
    CHECK(replay(lab.records(), lab.bus).emitted == 3);
    CHECK(lab.bus.history().size() == 6);
    CHECK(replay(lab.records(), lab.bus).emitted == 6);
}

/// A little world: what happens depends on the events, and on time.
class World {
public:
    template <class Bus>
    explicit World(Bus& bus) {
        subscriptions_.push_back(bus.template subscribe<Tick>([this, &bus](const Tick& tick) {
            total_ += tick.number;
            if (tick.number % 3 == 0) bus.emit(Tock{total_}, {.source = "world"});
        }));
        subscriptions_.push_back(bus.template subscribe<Tock>([this, &bus](const Tock& tock, const Record& record) {
            const auto second = record.time().time_since_epoch() / 1s % 60;
            if (tock.number % 2 == 0) bus.emit(Price{std::to_string(second), tock.number});
            ++total_;
        }));
        subscriptions_.push_back(bus.template subscribe<Price>([this](const Price& price) {
            total_ += price.cents % 5;
            if (price.cents % 7 == 0) throw std::runtime_error("seven");
        }));
    }

private:
    int total_ = 0;
    std::vector<Subscription> subscriptions_;
};

template <class Bus>
std::vector<Record> history_of(const Bus& bus) {
    std::vector<Record> records = bus.history().query();
    for (const Record& failure : bus.history().query({.pattern = "hindsight.*"})) records.push_back(failure);
    return records;
}

TEST_CASE("the same recording gives the same history, to the last record", "[replaying]") {
    const auto quiet = [](const HandlerError&) {};
    std::vector<Record> input;
    std::string original;
    {
        const auto clock = std::make_shared<ManualClock>(start_of_recording);
        EventBus bus{{.executor = std::make_shared<InlineExecutor>(), .clock = clock, .on_error = quiet}};
        const World world(bus);
        for (int i = 0; i < 200; ++i) {
            bus.emit(Tick{i}, {.source = i % 2 == 0 ? "even" : "odd", .correlation = "c"});
            clock->advance(std::chrono::milliseconds(i * 37 % 1000));
        }
        input = bus.history().query(from_outside);
        original = text_of(history_of(bus));
    }
    REQUIRE(input.size() == 200);
    REQUIRE(lines_in(original) > 280);
    const auto run = [&] {
        const auto clock = std::make_shared<ManualClock>(start_of_recording);
        EventBus bus{{.executor = std::make_shared<InlineExecutor>(), .clock = clock, .on_error = quiet}};
        const World world(bus);
        CHECK(replay(input, bus).emitted == 200);
        return text_of(history_of(bus));
    };
    const auto run_on_one_thread = [&] {
        const auto clock = std::make_shared<ManualClock>(start_of_recording);
        SingleThreadedBus bus{{.clock = clock, .on_error = quiet}};
        const World world(bus);
        CHECK(replay(input, bus).emitted == 200);
        return text_of(history_of(bus));
    };
    const std::string first = run();
    CHECK(first == run());
    CHECK(run_on_one_thread() == run_on_one_thread());
    CHECK(lines_in(run_on_one_thread()) > 280);

    // But for the mark, it is the recording itself.
    std::string unmarked = first;
    const std::string mark = ",\"replayed\":true";
    std::size_t marks = 0;
    for (std::size_t at = unmarked.find(mark); at != std::string::npos; at = unmarked.find(mark)) {
        unmarked.erase(at, mark.size());
        ++marks;
    }
    CHECK(marks == 200);
    CHECK(unmarked == original);
}

TEST_CASE("several replays and emitters may use a bus at once", "[replaying]") {
    const auto records = records_at(std::vector<TimePoint>(500, start_of_recording));
    EventBus bus{{.history = {.capacity = 10'000}}};
    std::atomic<int> seen{0};
    const auto counting = bus.subscribe<Tick>([&](const Tick&) { ++seen; });
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] { replay(records, bus, {.speed = full_speed}); });
    }
    threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) bus.emit(Tick{i});
    });
    for (std::thread& thread : threads) thread.join();
    bus.shutdown(30s);
    CHECK(seen == 2000);
    CHECK(bus.history().query({.where = [](const Record& each) { return each.replayed(); }}).size() == 1500);
}

}  // namespace
