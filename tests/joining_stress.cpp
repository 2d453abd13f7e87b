// Promise 10 while every thread emits: subscriptions join at random, each form of replay, queued and direct, by type,
// name and pattern; each gets every event once, in order, none missing.
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::KeepNone;
using hindsight::Lagged;
using hindsight::NamedEvent;
using hindsight::no_limit;
using hindsight::Overflow;
using hindsight::Record;
using hindsight::Replay;
using hindsight::Seq;
using hindsight::SubscribeOptions;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

/// What was emitted. `none` is not kept, so nothing is promised of it.
enum class Kind : std::uint8_t { tick, price, named, over_names, none, count };
struct Emitted {
    Seq seq;
    Kind kind;
    int key;
    std::size_t publisher;
};

/// Who emits one event after the other, and which event's `emit` has returned last.
constexpr std::size_t emitters = 3, publishers = emitters + 1;
using Returned = std::array<std::atomic<Seq>, publishers>;

const char* const keys[] = {"a", "b", "c", ""};

Emitted emit(EventBus& bus, Returned& returned, std::size_t publisher, Kind kind, int key, int number) {
    const hindsight::EmitOptions options{.key = keys[key]};
    const auto sent = [&] {
        switch (kind) {
        case Kind::tick:
            return bus.emit(Tick{number}, options);
        case Kind::price:
            return bus.emit(Price{"unused", number}, options);
        case Kind::named:
            return bus.emit(NamedEvent{"test.named"}, options);
        case Kind::over_names:
            return bus.emit(NamedEvent{"over.n" + std::to_string(number % 3)}, options);
        default:
            return bus.emit(NamedEvent{"none.x"}, options);
        }
    };
    const Seq seq = sent().seq;
    returned[publisher] = seq;
    return {seq, kind, key, publisher};
}

/// One late subscription, and what it was given.
class Joiner {
public:
    Joiner(EventBus& bus, Random& random) {
        SubscribeOptions options;
        direct_ = random.one_in(3);
        if (direct_) options.delivery = Delivery::direct;
        options.mailbox.capacity = random.one_in(2) ? 3 : 500;
        if (!direct_ && random.one_in(4)) options.mailbox.overflow = Overflow::drop_newest;
        if (!direct_ && random.one_in(6)) options.mailbox.overflow = Overflow::drop_oldest;
        filtered_ = random.one_in(3);
        if (filtered_) options.filter = [](const Record& record) { return record.key() != "a"; };
        options.on_lagged = [this](const Lagged& hole) { holes_.push_back(hole); };
        before_ = bus.history().last_seq();
        form_ = static_cast<Replay::Kind>(random.below(4));
        const Seq wanted = static_cast<Seq>(random.below(300));
        beginning_ = random.one_in(20) || before_ < wanted ? 1 : before_ - wanted + 1;
        count_ = static_cast<std::size_t>(random.below(100));
        options.replay = replay();
        joining_thread_ = std::this_thread::get_id();
        choice_ = random.below(6);
        const auto handle = [this](const Record& record) { take(record); };
        switch (choice_) {
        case 0:
            subscription_ = bus.subscribe<Tick>(handle, options);
            break;
        case 1:
            subscription_ = bus.subscribe<Price>([this](const Price&, const Record& record) { take(record); }, options);
            break;
        default:
            subscription_ = bus.subscribe(pattern(), handle, options);
            break;
        }
        after_ = bus.history().last_seq();
    }

    /// Whether it was given something of the time after it joined, so there is nothing more to see.
    bool has_arrived() const { return latest_ > after_; }
    /// Direct events whose `emit` has not returned may be cut off.
    void end(const Returned& returned) {
        for (const auto& each : returned) sure_.push_back(direct_ ? each.load() : hindsight::Seq(-1));
        subscription_.disconnect();
    }

    /// What is wrong with it, if all these events were emitted, in this order.
    std::string fault(const std::vector<Emitted>& all) const {
        if (const std::string fault = order_fault(); !fault.empty()) return fault;
        std::vector<Seq> given = given_;
        std::ranges::sort(given);
        if (std::ranges::adjacent_find(given) != given.end()) return "an event twice";
        const std::vector<Candidate> mine = candidates(all, given);
        // Nobody knows just when it joined, and any moment will do; but one is like another if no event of it is
        // between.
        std::string fault = fault_if_joined_after(before_, mine, given);
        for (const Candidate& each : mine) {
            if (fault.empty() || form_ == Replay::Kind::from_seq || form_ == Replay::Kind::since) break;
            if (each.seq > before_ && each.seq <= after_) fault = fault_if_joined_after(each.seq, mine, given);
        }
        return fault;
    }

    /// Of all events, for those who count by name.
    static inline std::map<Seq, std::string> names;

    std::string describe() const {
        return "form " + std::to_string(static_cast<int>(form_)) + ", " + (direct_ ? "direct" : "queued") +
               ", choice " + std::to_string(choice_) + (filtered_ ? ", filtered" : "") + ", joined between " +
               std::to_string(before_) + " and " + std::to_string(after_) + ", beginning " +
               std::to_string(beginning_) + ", count " + std::to_string(count_);
    }

private:
    const char* pattern() const {
        switch (choice_) {
        case 2:
            return "test.named";
        case 3:
            return "test.*";
        case 4:
            return "over.*";
        default:
            return "*";
        }
    }
    Replay replay() {
        switch (form_) {
        case Replay::Kind::last:
            return Replay::last(count_);
        case Replay::Kind::from_seq:
            return Replay::from_seq(beginning_);
        case Replay::Kind::since:
            beginning_ = 1;  // times of neighbours may be out of order: all, or nothing
            return Replay::since({});
        default:
            return Replay::last_per_key();
        }
    }

    bool is_for(const Emitted& event) const {
        if (event.kind == Kind::none || (filtered_ && event.key == 0)) return false;
        switch (choice_) {
        case 0:
            return event.kind == Kind::tick;
        case 1:
            return event.kind == Kind::price;
        case 2:
            return event.kind == Kind::named;
        case 3:
            return event.kind == Kind::named || event.kind == Kind::tick;
        case 4:
            return event.kind == Kind::over_names;
        default:
            return true;
        }
    }

    void take(const Record& record) {
        if (record.name() == "none.x") return;
        const std::lock_guard lock(mutex_);
        given_.push_back(record.seq());
        by_joining_thread_.push_back(direct_ && std::this_thread::get_id() == joining_thread_);
        if (record.seq() > latest_) latest_ = record.seq();
    }

    std::string order_fault() const {
        Seq last = 0;
        for (std::size_t i = 0; i < given_.size(); ++i) {
            if (direct_ && !by_joining_thread_[i]) continue;
            if (given_[i] <= last) return "out of order: " + std::to_string(given_[i]);
            last = given_[i];
        }
        for (std::size_t i = 0; i < given_.size(); ++i) {
            if (direct_ && !by_joining_thread_[i] && given_[i] < last) return "called before it had caught up";
        }
        return {};
    }

    /// An event that it may have to be given.
    struct Candidate {
        Seq seq;
        std::pair<std::string, int> bucket;
        /// If it joined before.
        bool due;
    };

    /// Its events, without those that were past and replaced by later ones before it can have joined.
    std::vector<Candidate> candidates(const std::vector<Emitted>& all, const std::vector<Seq>& given) const {
        std::vector<Candidate> past, later;
        for (const Emitted& each : all) {
            if (!is_for(each) || each.seq > latest_) continue;
            const bool due = each.seq <= sure_[each.publisher] || std::ranges::binary_search(given, each.seq);
            auto bucket = std::pair(form_ == Replay::Kind::last_per_key ? names.at(each.seq) : "", each.key);
            (each.seq <= before_ ? past : later).push_back({each.seq, std::move(bucket), due});
        }
        past = in_past(past);
        past.insert(past.end(), later.begin(), later.end());
        return past;
    }

    std::string fault_if_joined_after(Seq moment, const std::vector<Candidate>& mine,
                                      const std::vector<Seq>& given) const {
        const auto later =
            std::ranges::find_if(mine, [&](const Candidate& candidate) { return candidate.seq > moment; });
        std::vector<Seq> expected;
        for (const Candidate& each : in_past({mine.begin(), later})) expected.push_back(each.seq);
        for (auto each = later; each != mine.end(); ++each) {
            if (each->due) expected.push_back(each->seq);
        }
        std::vector<Seq> missing, surplus;
        std::ranges::set_difference(expected, given, std::back_inserter(missing));
        std::ranges::set_difference(given, expected, std::back_inserter(surplus));
        if (!surplus.empty()) return "too much: " + std::to_string(surplus.front());
        for (const Seq seq : missing) {
            const bool told =
                std::ranges::any_of(holes_, [&](const Lagged& hole) { return hole.first <= seq && seq <= hole.last; });
            if (!told) return "missing: " + std::to_string(seq);
        }
        for (const Lagged& hole : holes_) {
            // Those of all names also count events that nothing is promised of.
            if (hole.missed == 0 || hole.last > latest_ || choice_ == 5) continue;
            const auto here = static_cast<std::uint64_t>(
                std::ranges::count_if(missing, [&](Seq seq) { return hole.first <= seq && seq <= hole.last; }));
            if (here != hole.missed) return "a hole with a wrong count before " + std::to_string(hole.last);
        }
        return {};
    }

    /// What it gets of what there was when it joined.
    std::vector<Candidate> in_past(std::vector<Candidate> past) const {
        if (form_ == Replay::Kind::last_per_key) {
            std::map<std::pair<std::string, int>, Seq> newest;
            for (const Candidate& each : past) newest[each.bucket] = each.seq;
            std::erase_if(past, [&](const Candidate& each) { return newest[each.bucket] != each.seq; });
        } else if (form_ == Replay::Kind::last) {
            if (past.size() > count_) past.erase(past.begin(), past.end() - static_cast<std::ptrdiff_t>(count_));
        } else {
            std::erase_if(past, [&](const Candidate& each) { return each.seq < beginning_; });
        }
        return past;
    }

    Replay::Kind form_{};
    bool direct_ = false, filtered_ = false;
    int choice_ = 0;
    Seq before_ = 0, after_ = 0, beginning_ = 1;
    std::size_t count_ = 0;
    std::thread::id joining_thread_;

    std::mutex mutex_;
    std::vector<Seq> given_;
    std::vector<bool> by_joining_thread_;
    std::vector<Lagged> holes_;
    std::atomic<Seq> latest_{0};
    std::vector<Seq> sure_;  // of each publisher
    Subscription subscription_;
};

/// Emitters and joiners on a bus of their own, whose history has to hold all that is emitted, on busy machines too; how
/// many joined.
std::size_t run_round(unsigned round, std::size_t history) {
    constexpr unsigned joiners = 2;
    constexpr int joins = 60;
    std::vector<Emitted> all;
    std::mutex all_mutex;
    Returned returned{};
    std::atomic<unsigned> joining{joiners};
    std::vector<std::unique_ptr<Joiner>> done;
    {
        EventBus bus(
            {.history = {.capacity = history, .max_total_bytes = no_limit, .policies = {{"none.*", KeepNone{}}}},
             .pool = {.threads = 2},
             .max_names = 4});
        // Handlers emit, too, and never wait.
        std::atomic<int> nested{0};
        const auto nesting = bus.subscribe<Price>([&](const Price& price) {
            if (price.cents % 5 != 0) return;
            const Emitted inner = emit(bus, returned, emitters, Kind::tick, nested++ % 4, 0);
            const std::lock_guard lock(all_mutex);
            all.push_back(inner);
        });
        std::vector<std::future<void>> threads;
        for (unsigned thread = 0; thread < emitters; ++thread) {
            threads.push_back(start([&, thread] {
                Random random(1000 * round + thread);
                std::vector<Emitted> own;
                for (int number = 0; joining > 0; ++number) {
                    const auto kind = static_cast<Kind>(random.below(static_cast<int>(Kind::count)));
                    own.push_back(emit(bus, returned, thread, kind, random.below(4), number));
                    if (number % 8 == 0) std::this_thread::yield();
                }
                const std::lock_guard lock(all_mutex);
                all.insert(all.end(), own.begin(), own.end());
            }));
        }
        for (unsigned thread = 0; thread < joiners; ++thread) {
            threads.push_back(start([&, thread] {
                Random random(1000 * round + 100 + thread);
                std::vector<std::unique_ptr<Joiner>> own;
                for (int i = 0; i < joins; ++i) {
                    own.push_back(std::make_unique<Joiner>(bus, random));
                    spin_until([&] { return own.back()->has_arrived(); });
                    own.back()->end(returned);
                }
                --joining;
                const std::lock_guard lock(all_mutex);
                std::ranges::move(own, std::back_inserter(done));
            }));
        }
        for (auto& thread : threads) get_soon(std::move(thread));
        CHECK(run_elsewhere([&] { return bus.shutdown(patience); }).drained);
        Joiner::names.clear();
        for (const Record& record : bus.history().query()) Joiner::names[record.seq()] = record.name();
    }
    std::ranges::sort(all, {}, &Emitted::seq);
    for (const auto& joiner : done) {
        const std::string fault = joiner->fault(all);
        if (fault.empty()) continue;
        INFO(joiner->describe());
        CHECK(fault == "");
    }
    return done.size();
}

TEST_CASE("late subscriptions miss nothing and get nothing twice while every thread emits",
          "[stress][joining][promise-10]") {
    INFO("seed " << random_seed());
    std::size_t joined = 0;
    for (unsigned round = 0; round < 60; ++round) joined += run_round(round, 1 << 22);
    CHECK(joined == 60 * 120);
}

}  // namespace
