#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <hindsight/cause_tree.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/format.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

/// "1(2 3(4))": each event before its consequences; "?" behind those that history does not have.
std::string shape(const CauseTree& tree) {
    std::string text;
    std::size_t depth = 0;
    tree.walk([&](const CauseTree::Entry& entry) {
        if (!text.empty() && entry.depth > depth) text += '(';
        if (entry.depth < depth) text.append(depth - entry.depth, ')');
        if (!text.empty() && entry.depth <= depth) text += ' ';
        text += std::to_string(entry.seq);
        if (!entry.record) text += '?';
        depth = entry.depth;
    });
    return text.append(depth, ')');
}

/// Appends an event with that cause; its seq.
Seq append(EventStore& store, Seq cause = 0, std::string_view name = "some.event") {
    return store.append(NamedEvent{std::string(name)}, {.cause = cause}).seq;
}

using Seqs = std::vector<Seq>;

TEST_CASE("a trace is the chain of causes above the event and all consequences below it", "[trace]") {
    EventStore store;
    append(store);     // 1
    append(store, 1);  // 2
    append(store, 1);  // 3
    append(store);     // 4: none of this
    append(store, 3);  // 5
    append(store, 2);  // 6: below another consequence of 1
    append(store, 5);  // 7
    append(store, 3);  // 8
    CHECK(shape(store.trace(1)) == "1(2(6) 3(5(7) 8))");
    CHECK(shape(store.trace(3)) == "1(3(5(7) 8))");
    CHECK(shape(store.trace(7)) == "1(3(5(7)))");
    CHECK(shape(store.trace(4)) == "4");

    const CauseTree tree = store.trace(3);
    REQUIRE(tree.entries.size() == 5);
    CHECK(tree.entries[tree.asked].seq == 3);
    CHECK(tree.entries[tree.asked].cause == 0);
    CHECK(tree.entries[0].cause == CauseTree::none);
    CHECK(std::ranges::is_sorted(tree.entries, {}, &CauseTree::Entry::seq));
    for (const CauseTree::Entry& entry : tree.entries) CHECK(entry.record.seq() == entry.seq);
    CHECK(tree.complete());
}

TEST_CASE("a trace of what no event has is empty or as little as there is", "[trace]") {
    EventStore store;
    CHECK(store.trace(0).entries.empty());
    CHECK(shape(store.trace(0)).empty());
    CHECK(store.trace(0).complete());
    CHECK(shape(store.trace(1)) == "1?");
    append(store);
    CHECK(shape(store.trace(7)) == "7?");
    CHECK(store.trace(7).newer_not_kept == 0);
    CHECK(shape(store.trace(std::numeric_limits<Seq>::max())) == "18446744073709551615?");
}

TEST_CASE("what handlers emit is traced through all kinds of handlers", "[trace]") {
    EventBus bus;
    const auto queued = bus.subscribe<Tick>([&](const Tick&) { bus.emit(Tock{}); });
    const auto direct = bus.subscribe<Tock>([&](const Tock&) { bus.emit(Price{}); }, {.delivery = Delivery::direct});
    const auto failing = bus.subscribe<Price>([](const Price&) { throw 1; }, {.delivery = Delivery::direct});
    bus.emit(Tick{});
    bus.shutdown(std::chrono::seconds(30));
    const CauseTree tree = bus.history().trace(1);
    CHECK(shape(tree) == "1(2(3(4)))");
    CHECK(tree.entries.at(3).record.name() == "hindsight.handler_error");
}

TEST_CASE("a cause that was evicted is the root, and named", "[trace]") {
    EventStore store({.capacity = 3});
    append(store);
    append(store, 1);
    append(store, 2);
    append(store, 3);
    const CauseTree tree = store.trace(3);
    CHECK(shape(tree) == "1?(2(3(4)))");
    CHECK(tree.missing == Seqs{1});
    append(store, 0);
    const CauseTree later = store.trace(4);
    CHECK(shape(later) == "2?(3(4))");
    CHECK(later.missing == Seqs{2});
    CHECK(later.asked == 2);
    CHECK_FALSE(later.complete());
}

TEST_CASE("an event that was never kept has consequences all the same", "[trace]") {
    EventStore store({.policies = {{"debug.*", KeepNone{}}}});
    append(store);                    // 1
    append(store, 1, "debug.event");  // 2: not kept
    append(store, 2);                 // 3
    append(store, 3);                 // 4
    const CauseTree of_it = store.trace(2);
    CHECK(shape(of_it) == "2?(3(4))");
    CHECK(of_it.missing == Seqs{2});
    CHECK(of_it.newer_not_kept == 0);

    const CauseTree above = store.trace(1);
    CHECK(shape(above) == "1");
    CHECK(above.missing == Seqs{2});  // it may belong here, and what it caused
    CHECK(above.newer_not_kept == 1);
    CHECK_FALSE(above.complete());
}

TEST_CASE("events that left no trace are counted", "[trace]") {
    EventStore store({.policies = {{"debug.*", KeepNone{}}}});
    append(store);
    append(store, 1, "debug.event");
    append(store, 1);
    append(store, 1, "debug.event");
    const CauseTree tree = store.trace(1);
    CHECK(shape(tree) == "1(3)");
    CHECK(tree.missing.empty());
    CHECK(tree.newer_not_kept == 2);
    CHECK_FALSE(tree.complete());
}

TEST_CASE("causes given by hand make no circles", "[trace]") {
    EventStore store;
    append(store, 1);                                // 1: its own
    append(store, 3);                                // 2: a later one
    append(store, 2);                                // 3
    append(store, std::numeric_limits<Seq>::max());  // 4
    append(store, 1);                                // 5
    CHECK(shape(store.trace(1)) == "1(5)");
    CHECK(shape(store.trace(2)) == "2(3)");
    CHECK(shape(store.trace(3)) == "2(3)");
    CHECK(shape(store.trace(4)) == "4");
    CHECK(store.trace(4).complete());
}

TEST_CASE("an event of another bus is nobody's cause", "[trace]") {
    EventBus bus;
    EventStore others;
    append(others);
    append(others, 1);
    bus.emit(Tick{});
    bus.emit(Tick{});
    bus.history().swap(others);
    bus.emit(Tock{}, {.cause = 1});  // of its own bus, which is in the other store now
    CHECK(shape(bus.history().trace(1)) == "1(2)");
    const CauseTree tree = bus.history().trace(3);
    CHECK(shape(tree) == "1?(3)");
    CHECK(tree.missing == Seqs{1});
    others.clear();
}

TEST_CASE("long chains are traced and shown", "[trace]") {
    constexpr Seq length = 20'000;
    EventStore store({.capacity = length});
    for (Seq seq = 1; seq <= length; ++seq) append(store, seq - 1);
    const CauseTree tree = store.trace(length / 2);
    REQUIRE(tree.entries.size() == length);
    CHECK(tree.asked == length / 2 - 1);
    CHECK(tree.entries.back().depth == length - 1);
    std::size_t visited = 0;
    tree.walk([&](const CauseTree::Entry&) { ++visited; });
    CHECK(visited == length);
    CHECK(fmt::format("{}", tree).size() < length * 300);
}

TEST_CASE("a tree is shown as lines that are indented below their causes", "[trace]") {
    EventStore store({.policies = {{"debug.*", KeepNone{}}}});
    const auto add = [&](std::string_view name, Seq cause) {
        store.append(NamedEvent{std::string(name)}, {.cause = cause, .time = TimePoint{}});
    };
    add("debug.event", 0);
    add("order.placed", 1);
    add("order.paid", 2);
    add("order.packed", 2);
    add("order.sent", 4);
    CHECK(fmt::format("{}", store.trace(2)) == "#1 (not in history)\n"
                                               "  #2 1970-01-01T00:00:00.000000000Z info order.placed cause=#1 {}\n"
                                               "    #3 1970-01-01T00:00:00.000000000Z info order.paid cause=#2 {}\n"
                                               "    #4 1970-01-01T00:00:00.000000000Z info order.packed cause=#2 {}\n"
                                               "      #5 1970-01-01T00:00:00.000000000Z info order.sent cause=#4 {}");
    add("debug.event", 5);
    add("debug.event", 5);
    add("order.lost", 6);
    add("order.found", 7);
    CHECK(fmt::format("{}", store.trace(5)) == "#1 (not in history)\n"
                                               "  #2 1970-01-01T00:00:00.000000000Z info order.placed cause=#1 {}\n"
                                               "    #4 1970-01-01T00:00:00.000000000Z info order.packed cause=#2 {}\n"
                                               "      #5 1970-01-01T00:00:00.000000000Z info order.sent cause=#4 {}\n"
                                               "(not in history: #6, #7; what they caused may belong here)\n"
                                               "(2 of the events after #5 are not in history)");
    CHECK(fmt::format("{}", store.trace(0)).empty());
    CHECK_THROWS_AS(fmt::format(fmt::runtime("{:j}"), store.trace(1)), fmt::format_error);
}

/// The same word for word: every record is looked at for every question.
std::map<Seq, Seq> naive_trace(const std::vector<Record>& records, Seq asked) {
    std::map<Seq, Seq> causes;  // of those in the tree
    const auto find = [&](Seq seq) {
        return std::ranges::find_if(records, [&](const Record& each) { return each.seq() == seq; });
    };
    const auto has_cause = [](const Record& each) { return each.cause() != 0 && each.cause() < each.seq(); };
    Seq at = asked;
    for (;;) {
        const auto record = find(at);
        const bool goes_on = record != records.end() && has_cause(*record);
        causes[at] = goes_on ? record->cause() : 0;
        if (!goes_on) break;
        at = record->cause();
    }
    for (const Record& each : records) {
        const bool below = has_cause(each) && each.cause() >= asked && causes.contains(each.cause());
        if (below) causes[each.seq()] = each.cause();
    }
    return causes;
}

TEST_CASE("random causes and policies give the trees that the rules say", "[trace]") {
    INFO("seed " << random_seed());
    Random random(1);
    for (int round = 0; round < 40; ++round) {
        EventStore store({.capacity = static_cast<std::size_t>(5 + random.below(60)),
                          .policies = {{"debug.*", KeepNone{}}, {"few.*", BucketRing{.capacity = 2}}}});
        const std::vector<std::string_view> names{"some.event", "other.event", "debug.event", "few.events"};
        for (int i = 0; i < 80; ++i) {
            const Seq next = store.last_seq() + 1;
            const Seq cause = random.one_in(4) ? 0 : next - std::min<Seq>(next, static_cast<Seq>(random.below(8)));
            append(store, random.one_in(20) ? next + 3 : cause, names[static_cast<std::size_t>(random.below(4))]);
        }
        const std::vector<Record> records = store.query();
        for (Seq asked = 1; asked <= store.last_seq() + 1; ++asked) {
            const CauseTree tree = store.trace(asked);
            std::map<Seq, Seq> found;
            for (const CauseTree::Entry& entry : tree.entries) {
                found[entry.seq] = entry.cause == CauseTree::none ? 0 : tree.entries[entry.cause].seq;
                const bool kept = std::ranges::count(records, entry.seq, &Record::seq) == 1;
                REQUIRE(static_cast<bool>(entry.record) == kept);
                if (!kept) REQUIRE(std::ranges::count(tree.missing, entry.seq) == 1);
            }
            REQUIRE(found == naive_trace(records, asked));
            std::size_t visited = 0;
            tree.walk([&](const CauseTree::Entry&) { ++visited; });
            REQUIRE(visited == tree.entries.size());
            const auto newer = static_cast<Seq>(
                std::ranges::count_if(records, [&](const Record& each) { return each.seq() > asked; }));
            REQUIRE(tree.newer_not_kept == (asked > store.last_seq() ? 0 : store.last_seq() - asked - newer));
        }
    }
}

TEST_CASE("a trace sees one moment, however many threads emit", "[trace]") {
    EventStore store({.capacity = 200});
    std::atomic<bool> stop{false};
    std::vector<std::thread> emitters;
    for (int i = 0; i < 2; ++i) {
        emitters.emplace_back([&] {
            while (!stop) append(store, store.last_seq());
        });
    }
    for (int i = 0; i < 300; ++i) {
        const Seq asked = store.last_seq() + 1 > 100 ? store.last_seq() - 50 : 1;
        const CauseTree tree = store.trace(asked);
        for (const CauseTree::Entry& entry : tree.entries) {
            if (entry.record && entry.cause != CauseTree::none) {
                REQUIRE(entry.record.cause() == tree.entries[entry.cause].seq);
            }
        }
    }
    stop = true;
    for (std::thread& emitter : emitters) emitter.join();
}

}  // namespace
