// One bus of a storm, from its first event to its end: the threads that use it at random, and what has to hold then.
#pragma once

#include "storm_emit.hpp"
#include "storm_listener.hpp"
#include "storm_log.hpp"
#include "storm_model.hpp"
#include "waiting.hpp"

#include <hindsight/event_bus.hpp>
#include <hindsight/middleware.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hindsight::test {

/// What each thread does, and in which order, follows from the seed alone.
class StormRound {
public:
    explicit StormRound(std::uint64_t seed) : StormRound(seed, Random(seed, 0)) {}
    StormRound(const StormRound&) = delete;
    StormRound& operator=(const StormRound&) = delete;

    /// How many operations were made.
    std::uint64_t run() {
        Random random(seed_, 1);
        for (int i = 0; i < lasting; ++i) {
            lasting_.push_back(std::make_unique<StormListener>(storm_, random, false));
        }
        std::vector<std::future<void>> threads;
        for (unsigned thread = 0; thread < thread_count; ++thread) {
            threads.push_back(start([this, thread] { use_bus(Random(seed_, 2 + thread), thread); }));
        }
        for (auto& thread : threads) get_soon(std::move(thread));
        shut_down();
        for (const auto& listener : lasting_) listener->end();
        check();
        std::uint64_t operations = 0;
        for (const auto& log : logs_.all()) operations += log->operations;
        return operations;
    }

    const std::vector<std::string>& faults() const { return logs_.faults(); }

private:
    static constexpr int lasting = 6, steps = 150;
    static constexpr unsigned thread_count = 4;

    StormRound(std::uint64_t seed, Random random)
        : seed_(seed), history_is_whole_(!random.one_in(3)), replays_(random.one_in(2)), ends_early_(random.one_in(3)),
          bus_(options(random)) {}

    BusOptions options(Random& random) {
        BusOptions options;
        options.history.capacity = history_is_whole_ ? 1 << 20 : static_cast<std::size_t>(1 + random.below(60));
        options.history.policies = {{"calm.*", KeepNone{}}};
        options.pool.threads = static_cast<unsigned>(1 + random.below(3));
        options.on_error = [this](const HandlerError&) { told_.fetch_add(1, std::memory_order_relaxed); };
        options.max_names = 4;
        return options;
    }

    using Listeners = std::vector<std::unique_ptr<StormListener>>;

    void use_bus(Random random, unsigned thread) {
        Listeners own, over;
        std::optional<Middleware> middleware;
        Receipt receipt;
        for (int step = 0; step < steps; ++step) {
            if (ends_early_ && thread == 0 && step == steps * 2 / 3) shut_down();
            const int choice = random.below(100);
            StormLog& log = logs_.mine();
            ++log.operations;
            if (choice < 50) {
                receipt = storm_.emit(random);
            } else if (choice < 58) {
                storm_.emit_many(random);
            } else if (choice < 70) {
                listen(own, random);
            } else if (choice < 82) {
                meddle(own, over, random);
            } else if (choice < 88) {
                look(log, random);
            } else if (choice < 90) {
                receipt.wait();
            } else if (choice < 93) {
                change_middleware(middleware);
            } else if (choice < 96) {
                static_cast<void>(bus_.stats());
                static_cast<void>(bus_.subscription_count());
            } else if (!history_is_whole_) {
                change_history(random);
            }
        }
        for (auto& listener : own) {
            listener->end();
            over.push_back(std::move(listener));
        }
        const std::lock_guard lock(mutex_);
        for (auto& listener : over) over_.push_back(std::move(listener));
    }

    void listen(Listeners& own, Random& random) {
        try {
            own.push_back(std::make_unique<StormListener>(storm_, random, replays_));
        } catch (const Closed&) {
            logs_.mine().was_refused = true;
            if (closing_.load(std::memory_order_relaxed) == open)
                logs_.fault("a bus was closed that was not shut down");
        }
    }

    void meddle(Listeners& own, Listeners& over, Random& random) {
        const auto chosen = static_cast<std::size_t>(random.below(8));
        const int what = random.below(4);
        if (chosen >= own.size()) return;
        if (what == 0) return own[chosen]->pause_or_resume(random);
        if (what == 1) return own[chosen]->let_go(random.one_in(2));
        own[chosen]->end();
        over.push_back(std::move(own[chosen]));
        own.erase(own.begin() + static_cast<std::ptrdiff_t>(chosen));
    }

    void look(StormLog& log, Random& random) {
        if (random.one_in(3)) {
            static_cast<void>(bus_.latest<Squall>(storm_keys[0]));
            static_cast<void>(bus_.history().query({.key = std::string(storm_keys[1]), .limit = 5}));
            return;
        }
        StormLook look{.began = StormLogs::moment(), .seqs = {}};
        for (const Record& record : bus_.history().query({.pattern = "storm.*", .limit = StormLook::limit})) {
            look.seqs.push_back(record.seq());
        }
        log.looks.push_back(std::move(look));
    }

    void change_middleware(std::optional<Middleware>& middleware) {
        if (middleware) return middleware.reset();
        try {
            middleware = bus_.use("breeze.*", [](DraftView& draft) {
                if (draft.name() == "breeze.n0") draft.veto("no such breeze");
                if (draft.name() == "breeze.n1") throw 1;
            });
        } catch (const Closed&) {
            // As in `listen`.
        }
    }

    void change_history(Random& random) {
        if (random.one_in(2)) return bus_.history().clear();
        std::vector<PolicyRule> policies{{"storm.squall", BucketRing{.capacity = 2, .max_keys = 3}}};
        if (random.one_in(2)) policies.push_back({"calm.*", KeepNone{}});
        if (random.one_in(2)) policies.push_back({"breeze.*", LastPerKey{}});
        bus_.history().set_policies(policies);
    }

    void shut_down() {
        std::uint64_t was_open = open;
        closing_.compare_exchange_strong(was_open, StormLogs::moment(), std::memory_order_relaxed);
        for (const auto& listener : lasting_) {
            if (was_open == open) listener->note_end();
        }
        const ShutdownReport report = bus_.shutdown(patience);
        // Who subscribes with a past, or emits in a handler, at the very end may leave some behind.
        if (report.drained != (report.undelivered == 0))
            logs_.fault("a shutdown that does not know what it left behind");
        if (!ends_early_ && !report.drained) logs_.fault("a shutdown left events behind");
    }

    void check() {
        // What a turn has in hand when its subscription ends is discarded by the thread of that turn.
        for (const Listeners* const all : {&lasting_, &over_}) {
            for (const auto& each : *all) {
                spin_until([&] { return each->stats().queue_depth == 0; });
            }
        }
        const Statistics stats = bus_.stats();
        const StormModel model(logs_, bus_.history().last_seq(), history_is_whole_, closing_);
        std::uint64_t matched = 0;
        SubscriptionStatistics sums;
        bool knows_all = true;
        for (const auto& log : logs_.all()) {
            knows_all = knows_all && !log->was_refused;
            matched += log->matched;
            for (const Subscription& each : log->passing) add(sums, each.stats());
            for (const StormLook& each : log->looks) note(model.fault(each), "");
        }
        for (const auto& each : lasting_) {
            add(sums, each->stats());
            note(model.fault(*each, true), each->describe());
        }
        for (const auto& each : over_) {
            add(sums, each->stats());
            note(model.fault(*each, false), each->describe());
        }
        if (!replays_) same("matched by receipts", stats.matched, matched);
        if (knows_all) {
            same("matched", stats.matched, sums.delivered + sums.dropped + sums.conflated + sums.discarded);
            same("delivered", stats.delivered, sums.delivered);
            same("dropped", stats.dropped, sums.dropped);
            same("conflated", stats.conflated, sums.conflated);
            same("discarded", stats.discarded, sums.discarded);
            same("failed", stats.failed, sums.failed + model.count(Outcome::middleware_failed));
        }
        same("told of failures", told_, stats.failed);
        // What tells of a failure is an event, too, and may come after the end.
        const std::uint64_t tellings = library_events(stats);
        same("refused as closed", stats.refused_closed, model.count(Outcome::closed) + stats.failed - tellings);
        same("refused by vetoes", stats.refused_vetoed, model.count(Outcome::vetoed));
        same("refused by failures", stats.refused_failed, model.count(Outcome::middleware_failed));
        same("subscriptions", bus_.subscription_count(), 0);
        check_history(stats, model);
    }

    void check_history(const Statistics& stats, const StormModel& model) {
        same("emitted", stats.emitted, model.accepted() + library_events(stats));
        same("seqs", stats.emitted, bus_.history().last_seq());
        const StoreStatistics history = bus_.history().stats();
        same("stored and refused", history.stored + history.refused, stats.emitted);
        const std::vector<Record> kept = bus_.history().query({.pattern = "*"});
        for (const Record& record : kept) {
            if (model.find(record.seq()) == nullptr) logs_.fault("history has what nobody has emitted");
        }
        if (!history_is_whole_) return;
        same("not kept", history.refused, model.count(Outcome::not_kept));
        same("kept", kept.size(), model.count(Outcome::recorded));
    }

    static std::uint64_t library_events(const Statistics& stats) {
        const auto errors = stats.by_name.find("hindsight.handler_error");
        return errors == stats.by_name.end() ? 0 : errors->second.emitted;
    }
    static void add(SubscriptionStatistics& sums, const SubscriptionStatistics& each) {
        sums.delivered += each.delivered;
        sums.dropped += each.dropped;
        sums.conflated += each.conflated;
        sums.discarded += each.discarded;
        sums.failed += each.failed;
    }
    void note(const std::string& fault, const std::string& who) {
        if (!fault.empty()) logs_.fault(fault + " (" + who + ")");
    }
    void same(const char* what, std::uint64_t is, std::uint64_t should_be) {
        if (is != should_be) {
            logs_.fault(std::string(what) + ": " + std::to_string(is) + " instead of " + std::to_string(should_be));
        }
    }

    static constexpr std::uint64_t open = ~std::uint64_t{0};

    const std::uint64_t seed_;
    const bool history_is_whole_, replays_, ends_early_;
    std::atomic<std::uint64_t> told_{0}, closing_{open};
    StormLogs logs_;
    EventBus bus_;
    StormEmitter storm_{bus_, logs_};
    Listeners lasting_;
    std::mutex mutex_;
    Listeners over_;
};

}  // namespace hindsight::test
