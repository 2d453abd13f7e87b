#include "support/catch.hpp"
#include "support/events.hpp"
#include "support/records.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/event_store.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;

namespace {

constexpr int emitters = 3;

/// Emitters that start together, and readers that go on until these are done, at least once.
class Crowd {
public:
    template <class F>
    void emit(F action) {
        threads_.emplace_back([this, action] {
            start_.arrive_and_wait();
            action();
            --emitting_;
        });
    }
    template <class F>
    void read(F action) {
        readers_.emplace_back([this, action] {
            do action();
            while (emitting_ > 0);
        });
    }

private:
    std::latch start_{emitters};
    std::atomic<int> emitting_{emitters};
    std::vector<std::jthread> threads_;
    std::vector<std::jthread> readers_;
};

/// Remembers that something was wrong, for the main thread to check: Catch's own checks are not thread-safe.
class Verdict {
public:
    void require(bool right) {
        if (!right) wrong_ = true;
    }
    bool right() const { return !wrong_; }

private:
    std::atomic<bool> wrong_{false};
};

bool are_consecutive(const Seqs& seqs) {
    return std::ranges::adjacent_find(seqs, [](Seq a, Seq b) { return b != a + 1; }) == seqs.end();
}

TEST_CASE("a query sees one moment, however many threads append", "[event_store][promise-11]") {
    constexpr std::size_t capacity = 100;
    EventStore store({.capacity = capacity});
    Verdict verdict;
    std::mutex mutex;
    std::set<Seq> given;
    {
        Crowd crowd;
        for (int emitter = 0; emitter < emitters; ++emitter) {
            crowd.emit([&] {
                Seqs own;
                for (int i = 0; i < 2000; ++i) own.push_back(store.append(ClockTick{i}).seq);
                verdict.require(std::ranges::is_sorted(own));
                const std::lock_guard lock(mutex);
                given.insert(own.begin(), own.end());
            });
        }
        crowd.read([&] {
            const Seq before = store.newest_seq();
            const Seqs seqs = seqs_of(store.query());
            verdict.require(are_consecutive(seqs));
            const Seq newest = seqs.empty() ? 0 : seqs.back();
            verdict.require(newest >= before);
            verdict.require(seqs.size() == std::min<std::size_t>(capacity, newest));
        });
        crowd.read([&] {
            const Seqs ten = seqs_of(store.query({.limit = 10}));
            verdict.require(are_consecutive(ten) && (ten.size() == 10 || ten.empty() || ten.front() == 1));
            verdict.require(store.size() <= capacity);
            const StoreStatistics stats = store.stats();
            verdict.require(stats.stored - stats.evicted == stats.size);
        });
    }
    CHECK(verdict.right());
    CHECK(given.size() == emitters * 2000);
    CHECK(*given.rbegin() == emitters * 2000);
    CHECK(store.last_seq() == emitters * 2000);
    CHECK(store.size() == capacity);
}

TEST_CASE("a query of a bus sees one moment across all policies", "[event_store][promise-11]") {
    EventBus bus{{.history = {.policies = {{"clock.*", BucketRing{}}, {"task.*", BucketRing{}}}}}};
    Verdict verdict;
    {
        Crowd crowd;
        for (int emitter = 0; emitter < emitters; ++emitter) {
            crowd.emit([&, source = std::to_string(emitter)] {
                for (int i = 1; i <= 1000; ++i) {
                    bus.emit(ClockTick{i}, {.source = source});
                    bus.emit(TaskCompleted{"t", static_cast<double>(i)}, {.source = source});
                }
            });
        }
        crowd.read([&] {
            for (int emitter = 0; emitter < emitters; ++emitter) {
                const std::vector<Record> records = bus.history().query({.source = std::to_string(emitter)});
                int tick = 0, task = 0;
                for (const Record& record : records) {
                    if (const auto* clock = record.get_if<ClockTick>()) tick = clock->number;
                    if (const auto* done = record.get_if<TaskCompleted>()) task = static_cast<int>(done->seconds);
                }
                verdict.require(tick == task || tick == task + 1);
                verdict.require(records.size() == (tick > 0 ? 1u : 0u) + (task > 0 ? 1u : 0u));
            }
        });
    }
    CHECK(verdict.right());
    CHECK(bus.history().size() == 2 * emitters);
}

TEST_CASE("every limit holds at every moment, however many threads append", "[event_store][promise-11]") {
    const std::size_t header = [] {
        EventStore store;
        store.append(Blob{0}, {.source = "0", .key = "k"});
        return store.bytes();
    }();
    const std::size_t max_total_bytes = 40 * header;
    EventStore store({.capacity = 20,
                      .max_payload_bytes = 2 * header,
                      .max_total_bytes = max_total_bytes,
                      .policies = {{"data.*", BucketRing{.capacity = 3, .max_keys = 5}}}});
    Verdict verdict;
    {
        Crowd crowd;
        for (int emitter = 0; emitter < emitters; ++emitter) {
            crowd.emit([&] {
                for (std::size_t i = 0; i < 2000; ++i) {
                    const char key[] = {static_cast<char>('a' + i % 7)};
                    store.append(Blob{i * 37 % (3 * header)}, {.source = "0", .key = {key, 1}});
                    store.append(ClockTick{}, {.source = "0", .key = "k"});
                }
            });
        }
        crowd.read([&] {
            const std::vector<Record> records = store.query();
            std::size_t ticks = 0, bytes = 0;
            std::map<std::string, std::size_t> blobs;
            for (const Record& record : records) {
                bytes += header + (record.truncated() ? 0 : record.payload_bytes());
                record.category() == "clock" ? ++ticks : ++blobs[std::string(record.key())];
                verdict.require(record.truncated() == (record.payload_bytes() > 2 * header));
            }
            verdict.require(ticks <= 20);
            verdict.require(blobs.size() <= 5);
            for (const auto& [key, count] : blobs) verdict.require(count <= 3);
            verdict.require(bytes <= max_total_bytes);
            verdict.require(store.bytes() <= max_total_bytes);
        });
    }
    CHECK(verdict.right());
    const StoreStatistics stats = store.stats();
    CHECK(stats.stored + stats.refused == store.last_seq());
    CHECK(stats.stored - stats.evicted == stats.size);
}

TEST_CASE("history is changed from all sides at once", "[event_store]") {
    EventStore store({.capacity = 30});
    Verdict verdict;
    {
        Crowd crowd;
        for (int emitter = 0; emitter < emitters; ++emitter) {
            crowd.emit([&] {
                for (int i = 0; i < 1000; ++i) store.append(TaskCompleted{std::to_string(i)}, {.key = "k"});
            });
        }
        crowd.read([&] {
            store.set_policies({{"task.*", BucketRing{.capacity = 5}}});
            verdict.require(store.size() <= 35);
            store.set_policies({{"task.*", KeepNone{}}});
            store.set_policies({});
        });
        crowd.read([&] {
            store.clear();
            store.reset_stats();
            EventStore other({.capacity = 10});
            store.swap(other);
            store.swap(other);
        });
        crowd.read([&] {
            for (const auto& task : store.query<TaskCompleted>({.limit = 5})) verdict.require(!task->task_id.empty());
            verdict.require(!store.find(store.newest_seq()) || store.last_seq() > 0);
        });
    }
    CHECK(verdict.right());
    CHECK(store.last_seq() == emitters * 1000);
    store.set_policies({});
    CHECK(store.append(ClockTick{}).outcome == Outcome::recorded);
}

}  // namespace
