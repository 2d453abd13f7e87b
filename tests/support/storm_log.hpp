// What the threads of a storm write down: which events they emitted, and what was wrong with what they saw.
//
// Threads write logs of their own, and moments come from a counter that orders nothing else: what the storm writes down
// must not hide a missing synchronisation of the library from the thread sanitizer.
#pragma once

#include <hindsight/receipt.hpp>
#include <hindsight/subscription.hpp>
#include <hindsight/types.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::test {

/// Who emitted an event: the thread, and how many it had emitted before.
struct StormOrigin {
    std::uint32_t thread = 0, index = 0;
    friend bool operator==(const StormOrigin&, const StormOrigin&) = default;
};

struct Gust {
    static constexpr std::string_view event_name = "storm.gust";
    StormOrigin origin;
    Seq cause = 0;
};
/// Has a key of its own.
struct Squall {
    static constexpr std::string_view event_name = "storm.squall";
    StormOrigin origin;
    Seq cause = 0;
    std::string where;
    static constexpr auto event_key = &Squall::where;
};
/// History keeps none of them, but where policies change.
struct Calm {
    static constexpr std::string_view event_name = "calm.air";
    StormOrigin origin;
    Seq cause = 0;
};

/// What is emitted; `named` are NamedEvents, whose correlation tells their origin.
enum class StormKind : std::uint8_t { gust, squall, calm, named, count };
inline constexpr int storm_names = 6;
inline constexpr std::string_view storm_keys[] = {"a", "b", "c", "d"};

struct StormEmit {
    StormKind kind{};
    std::uint8_t name = 0;  // of a named one
    std::uint8_t key = 0;
    Outcome outcome = Outcome::closed;
    Seq seq = 0;
    Seq cause = 0;
    std::uint64_t began = 0, ended = 0;  // moments
};

/// What a query for the newest storms gave.
struct StormLook {
    static constexpr std::size_t limit = 20;
    std::uint64_t began = 0;  // a moment
    std::vector<Seq> seqs;
};

/// What one thread did, which alone writes it.
struct StormLog {
    std::uint32_t thread = 0;
    std::deque<StormEmit> emits;
    std::vector<StormLook> looks;
    std::vector<Subscription> passing;  // that handlers made
    bool was_refused = false;           // a subscription, by the end of the bus; it may have been called before
    std::uint64_t matched = 0;          // as its receipts say
    std::uint64_t operations = 0;       // whatever it did to the bus
};

/// All logs of a round.
class StormLogs {
public:
    static std::uint64_t moment() noexcept { return moments_.fetch_add(1, std::memory_order_relaxed); }

    StormLogs() : id_(moment()) {}
    StormLogs(const StormLogs&) = delete;
    StormLogs& operator=(const StormLogs&) = delete;

    /// That of this thread; handlers run on threads of the pool.
    StormLog& mine() {
        thread_local StormLog* log = nullptr;
        thread_local std::uint64_t of = 0;
        if (of != id_) {
            const std::lock_guard lock(mutex_);
            logs_.push_back(std::make_unique<StormLog>());
            log = logs_.back().get();
            log->thread = static_cast<std::uint32_t>(logs_.size() - 1);
            of = id_;
        }
        return *log;
    }

    void fault(const std::string& what) {
        const std::lock_guard lock(mutex_);
        if (faults_.size() < 10) faults_.push_back(what);
    }

    // Once all threads are done:
    const std::vector<std::unique_ptr<StormLog>>& all() const { return logs_; }
    const std::vector<std::string>& faults() const { return faults_; }

private:
    static inline std::atomic<std::uint64_t> moments_{1};
    const std::uint64_t id_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<StormLog>> logs_;
    std::vector<std::string> faults_;
};

inline std::string storm_name(int number) {
    return "breeze.n" + std::to_string(number);
}

}  // namespace hindsight::test
