// Very many events through one bus with every retention policy: resident memory stays flat, and all counters add up.
// Then a subscriber that never returns beside a fast one, under each overflow policy.
//
//     endurance [EVENTS]
#include <hindsight/event_bus.hpp>

#include <fmt/core.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace hindsight;
using Clock = std::chrono::steady_clock;

constexpr std::array<std::string_view, 5> names{"shared.event", "sticky.event", "bucket.event", "dropped.event",
                                                "chosen.event"};

template <std::size_t kind>
struct Counted {
    static constexpr std::string_view event_name = names[kind];
    std::uint64_t number = 0;
};
constexpr std::uint64_t kinds = names.size();

struct KeepEven {
    bool should_store(const Record& record) const { return record.as<Counted<4>>().number % 2 == 0; }
    std::size_t capacity() const { return 100; }
};

// Sanitizers keep memory that has been given back.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_as_it_is = false;
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool memory_is_as_it_is = false;
#    else
constexpr bool memory_is_as_it_is = true;
#    endif
#else
constexpr bool memory_is_as_it_is = true;
#endif

bool all_well = true;

void expect(bool condition, std::string_view what) {
    if (condition) return;
    fmt::print("FAILED: {}\n", what);
    all_well = false;
}

double resident_mib() {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0, resident = 0;
    statm >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

class Endurance {
public:
    Endurance() {
        // More keys than some of the policies have room for.
        for (int i = 0; i < 64; ++i) keys_.push_back("key-" + std::to_string(i));
        subscribe<0>(), subscribe<1>(), subscribe<2>(), subscribe<3>(), subscribe<4>();
        queued_.push_back(bus_.subscribe<Counted<0>>([this](const Counted<0>&) { ++waited_for_; }, {}));
        queued_.push_back(bus_.subscribe<Counted<0>>([this](const Counted<0>&) { ++not_dropped_; },
                                                     {.mailbox = {.capacity = 64, .overflow = Overflow::drop_oldest}}));
    }

    void run(std::uint64_t events) {
        const std::uint64_t rounds = std::max<std::uint64_t>(events / kinds, 20);
        double first = 0, most = 0;
        const Clock::time_point begin = Clock::now();
        for (int part = 1; part <= 20; ++part) {
            const std::uint64_t end = rounds * static_cast<std::uint64_t>(part) / 20;
            for (; round_ < end; ++round_) emit_one_of_each();
            const double resident = resident_mib();
            if (part == 2) first = resident;
            if (part >= 2) most = std::max(most, resident);
            fmt::print("{:>13} events, {:.1f} MiB resident, {:.0f} s\n", round_ * kinds, resident,
                       seconds_since(begin));
            std::fflush(stdout);
        }
        fmt::print("{:.0f} ns an event; memory grew by {:.1f} MiB in the last nine tenths\n",
                   seconds_since(begin) * 1e9 / static_cast<double>(round_ * kinds), most - first);
        expect(most - first < 4 || !memory_is_as_it_is, "memory is flat");
        check_counters();
    }

private:
    template <std::size_t kind>
    void subscribe() {
        direct_.push_back(bus_.subscribe<Counted<kind>>(
            [this](const Counted<kind>& event) { out_of_order_ += event.number != round_ ? 1 : 0; },
            {.delivery = Delivery::direct}));
    }

    void emit_one_of_each() {
        const std::string& key = keys_[round_ % keys_.size()];
        bus_.emit(Counted<0>{round_});
        bus_.emit(Counted<1>{round_}, {.key = key});
        bus_.emit(Counted<2>{round_}, {.key = keys_[round_ / 4 % keys_.size()]});
        bus_.emit(Counted<3>{round_});
        bus_.emit(Counted<4>{round_});
    }

    void check_counters() {
        const ShutdownReport report = bus_.shutdown(std::chrono::minutes(1));
        expect(report.drained && report.undelivered == 0, "all that is queued is delivered");
        const std::uint64_t all = round_ * kinds;
        const Statistics stats = bus_.stats();
        expect(bus_.history().last_seq() == all, "the sequence has one number for each event");
        expect(stats.emitted == all, "all events are counted");
        expect(stats.matched == all + 2 * round_, "all matches are counted");
        expect(stats.delivered + stats.dropped == stats.matched, "each match is delivered or dropped");
        expect(stats.failed == 0 && stats.discarded == 0 && stats.queue_depth == 0, "nothing fails or is left");
        expect(waited_for_ == round_, "a mailbox that blocks delivers all");
        expect(not_dropped_ + stats.dropped == round_, "a mailbox that drops counts what it drops");
        expect(out_of_order_ == 0, "direct subscribers see each event as it is emitted");
        for (const auto& [name, of_name] : stats.by_name) expect(of_name.emitted == round_, "of each name");

        const StoreStatistics history = bus_.history().stats();
        const std::uint64_t odd = round_ / 2;
        expect(history.stored == 3 * round_ + (round_ - odd), "what is stored is counted");
        expect(history.stored + history.refused == all, "what is not stored is counted");
        expect(history.stored - history.evicted == history.size, "what leaves is counted");
        // The bucket that is being filled may lack some.
        constexpr std::size_t full = 1000 + 64 + 50 * 3 + 100;
        expect((history.size <= full && history.size + 2 >= full) || round_ < 10'000, "each policy is full");
        fmt::print("{} events: {} stored, {} evicted, {} refused, {} kept; {} deliveries, {} dropped\n", all,
                   history.stored, history.evicted, history.refused, history.size, stats.delivered, stats.dropped);
    }

    EventBus bus_{{.history = {.capacity = 1000,
                               .policies = {{"sticky.*", LastPerKey{}},
                                            {"bucket.*", BucketRing{.capacity = 3, .max_keys = 50}},
                                            {"dropped.*", KeepNone{}},
                                            {"chosen.*", KeepEven{}}}}}};
    std::vector<std::string> keys_;
    std::uint64_t round_ = 0;
    std::uint64_t out_of_order_ = 0;
    std::uint64_t waited_for_ = 0, not_dropped_ = 0;  // of one subscription each, one call at a time
    std::vector<Subscription> direct_, queued_;
};

/// Emits beside a subscriber that does not return before all is emitted, and the fast one has had all of it.
void emit_beside_slow_one(Overflow overflow, std::string_view name, std::uint64_t events) {
    std::atomic<bool> released{false};
    std::atomic<std::uint64_t> delivered{0};
    EventBus bus{{.pool = {.threads = 2}}};
    const auto fast = bus.subscribe<Counted<0>>([&](const Counted<0>&) { ++delivered; });
    const auto emit = [&] {
        const Clock::time_point begin = Clock::now();
        for (std::uint64_t i = 0; i < events; ++i) bus.emit(Counted<0>{i});
        return seconds_since(begin) * 1e9 / static_cast<double>(events);
    };
    const double alone = emit();
    const auto slow = bus.subscribe<Counted<0>>([&](const Counted<0>&) { released.wait(false); },
                                                {.mailbox = {.capacity = 100, .overflow = overflow}});
    const double beside = emit();
    while (delivered != 2 * events) std::this_thread::yield();
    released = true;
    released.notify_all();
    const ShutdownReport report = bus.shutdown(std::chrono::minutes(1));
    expect(report.drained, "the slow one is drained");
    fmt::print("{:<12} {:.0f} ns an emit, beside a subscriber that stands still {:.0f} ns\n", name, alone, beside);
}

/// For `block` emitters do wait: the slow one takes a millisecond for each event.
void emit_to_slow_one_that_blocks() {
    EventBus bus{{.pool = {.threads = 2}}};
    const auto slow =
        bus.subscribe<Counted<0>>([](const Counted<0>&) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); },
                                  {.mailbox = {.capacity = 10, .overflow = Overflow::block}});
    constexpr int events = 100;
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < events; ++i) bus.emit(Counted<0>{});
    const double each = seconds_since(begin) * 1e9 / events;
    fmt::print("{:<12} {:.0f} ns an emit to a subscriber that takes a millisecond\n", "block", each);
    expect(each > 500'000, "emitters wait for a mailbox that blocks");
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000'000;
    Endurance().run(events);
    const std::uint64_t some = std::min<std::uint64_t>(events / 100, 1'000'000);
    emit_beside_slow_one(Overflow::drop_oldest, "drop_oldest", some);
    emit_beside_slow_one(Overflow::drop_newest, "drop_newest", some);
    emit_beside_slow_one(Overflow::conflate, "conflate", some);
    emit_to_slow_one_that_blocks();
    return all_well ? 0 : 1;
}
