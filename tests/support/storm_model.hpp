// What must have happened in a storm, by what its threads wrote down: each listener against the list of all events.
#pragma once

#include "storm_listener.hpp"
#include "storm_log.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::test {

/// One accepted event, and where it came from.
struct StormEvent {
    const StormEmit* emit = nullptr;
    StormOrigin origin;
};

class StormModel {
public:
    /// `history_is_whole`: it has kept all events but calm ones.
    /// `closing`: the moment before the bus was told to shut down.
    StormModel(StormLogs& logs, Seq last, bool history_is_whole, std::uint64_t closing)
        : logs_(logs), events_(last + 1), history_is_whole_(history_is_whole), closing_(closing) {
        for (const auto& log : logs.all()) {
            for (std::size_t i = 0; i < log->emits.size(); ++i) add(log->emits[i], {log->thread, std::uint32_t(i)});
        }
    }

    /// Null for what the storm has not emitted: the library's own.
    const StormEvent* find(Seq seq) const {
        return seq < events_.size() && events_[seq].emit != nullptr ? &events_[seq] : nullptr;
    }
    std::uint64_t accepted() const { return accepted_; }
    std::uint64_t count(Outcome outcome) const {
        const auto found = outcomes_.find(outcome);
        return found == outcomes_.end() ? 0 : found->second;
    }

    /// What is wrong with what the listener was given; empty: nothing. `always`: it was there from before the first
    /// event until the bus was shut down.
    std::string fault(const StormListener& listener, bool always) const {
        const std::vector<Seq> given = in_order(listener);
        std::string fault = fault_of_calls(listener, given);
        if (fault.empty()) fault = fault_of_counts(listener, always);
        if (fault.empty()) fault = missing(listener, given);
        if (fault.empty() && listener.replayed() && history_is_whole_) fault = fault_of_replay(listener, given);
        return fault;
    }

    /// A query for the newest storms sees one moment: no gap, and all that was emitted before it began.
    std::string fault(const StormLook& look) const {
        if (!std::ranges::is_sorted(look.seqs) || std::ranges::adjacent_find(look.seqs) != look.seqs.end()) {
            return "records out of order";
        }
        if (!history_is_whole_) return {};
        const Seq newest = look.seqs.empty() ? 0 : look.seqs.back();
        const Seq first = look.seqs.size() == StormLook::limit ? look.seqs.front() : 1;
        for (Seq seq = first; seq < events_.size(); ++seq) {
            const StormEmit* const event = events_[seq].emit;
            if (event == nullptr || (event->kind != StormKind::gust && event->kind != StormKind::squall)) continue;
            const bool is_due = seq <= newest || event->ended < look.began;
            if (is_due && !std::ranges::binary_search(look.seqs, seq)) return "a query without " + text(seq);
        }
        return {};
    }

private:
    void add(const StormEmit& emit, StormOrigin origin) {
        ++outcomes_[emit.outcome];
        if (emit.seq == 0) return;
        if (emit.seq >= events_.size() || events_[emit.seq].emit != nullptr) {
            return logs_.fault("a receipt has a seq that is not its event's: " + std::to_string(emit.seq));
        }
        events_[emit.seq] = {&emit, origin};
        ++accepted_;
    }

    static std::vector<Seq> in_order(const StormListener& listener) {
        std::vector<Seq> given;
        for (const auto& each : listener.given()) given.push_back(each.seq);
        std::ranges::sort(given);
        return given;
    }

    /// Events that are not for it, that are not what they say, twice, or out of order.
    std::string fault_of_calls(const StormListener& listener, const std::vector<Seq>& given) const {
        if (std::ranges::adjacent_find(given) != given.end()) return "an event twice";
        std::map<std::uint32_t, std::uint32_t> newest;  // of each thread
        Seq last = 0;
        for (const auto& [seq, origin] : listener.given()) {
            const StormEvent* const event = find(seq);
            if (event == nullptr || !(event->origin == origin)) return "not the event of that seq: " + text(seq);
            if (!listener.wants(*event->emit)) return "an event that is not for it: " + text(seq);
            if (!listener.direct()) {
                if (seq <= last) return "out of order: " + text(seq);
                last = seq;
            } else if (event->emit->cause == 0 && event->emit->began > listener.subscribed()) {
                // Those of one thread, but for what handlers emit inside its emits, before others see the outer event.
                if (!newest.try_emplace(origin.thread, origin.index).second && origin.index <= newest[origin.thread]) {
                    return "a publisher's events out of order: " + text(seq);
                }
                newest[origin.thread] = origin.index;
            }
        }
        return {};
    }

    /// Whether the event was emitted while it listened, whatever threads overtook each other.
    bool surely(const StormListener& listener, const StormEmit& event) const {
        return event.began > listener.subscribed() && event.ended < std::min(listener.ending(), closing_);
    }
    static bool perhaps(const StormListener& listener, const StormEmit& event) {
        return event.ended > listener.began() && event.began < listener.over();
    }

    std::string fault_of_counts(const StormListener& listener, bool always) const {
        const SubscriptionStatistics stats = listener.stats();
        if (stats.delivered != listener.given().size()) return "calls that were not counted, or never made";
        if (stats.failed != listener.thrown()) return "failures that were not counted";
        std::uint64_t at_least = 0, at_most = 0;
        for (const StormEvent& event : events_) {
            if (event.emit == nullptr || !listener.wants(*event.emit)) continue;
            // The end of a bus cuts off direct handlers of events that other threads are just emitting.
            at_least += (always && !listener.direct()) || surely(listener, *event.emit) ? 1u : 0u;
            at_most += perhaps(listener, *event.emit) || listener.replayed() ? 1u : 0u;
        }
        if (listener.limited()) at_least = 0;  // it has ended by itself
        const std::uint64_t accounted =
            stats.delivered + stats.dropped + stats.conflated + stats.discarded + stats.skipped;
        if (at_least <= accounted && accounted <= at_most) return {};
        return text(accounted) + " events accounted for instead of " + text(at_least) + " to " + text(at_most) +
               " (delivered " + text(stats.delivered) + ", dropped " + text(stats.dropped) + ", conflated " +
               text(stats.conflated) + ", discarded " + text(stats.discarded) + ", skipped " + text(stats.skipped) +
               ")";
    }

    /// Events that it must have been given, or told about.
    std::string missing(const StormListener& listener, const std::vector<Seq>& given) const {
        if (listener.paused() || listener.limited()) return {};
        if (!listener.direct() && listener.overflow() == Overflow::conflate) return missing_keys(listener, given);
        const SubscriptionStatistics stats = listener.stats();
        const Seq newest = given.empty() ? 0 : given.back();
        std::uint64_t behind = 0;  // dropped or discarded after all that it was given
        for (Seq seq = 1; seq < events_.size(); ++seq) {
            const StormEmit* const event = events_[seq].emit;
            if (event == nullptr || !listener.wants(*event) || !surely(listener, *event)) continue;
            if (std::ranges::binary_search(given, seq) || is_told(listener, seq)) continue;
            if (listener.direct() || seq < newest) return "missing: " + text(seq);
            ++behind;
        }
        if (behind > stats.dropped + stats.discarded) return text(behind) + " events are missing at the end";
        return {};
    }
    static bool is_told(const StormListener& listener, Seq seq) {
        return std::ranges::any_of(listener.holes(),
                                   [&](const Lagged& hole) { return hole.first <= seq && seq <= hole.last; });
    }

    /// Of a conflating mailbox: each event, or a later one of its name and key.
    std::string missing_keys(const StormListener& listener, const std::vector<Seq>& given) const {
        const SubscriptionStatistics stats = listener.stats();
        if (stats.dropped + stats.discarded > 0) return {};
        std::map<std::pair<int, int>, Seq> due;
        for (Seq seq = 1; seq < events_.size(); ++seq) {
            const StormEmit* const event = events_[seq].emit;
            if (event != nullptr && listener.wants(*event) && surely(listener, *event)) due[bucket(*event)] = seq;
        }
        for (const auto& [of, newest] : due) {
            if (!has_come(given, newest)) return "the newest of its key is missing: " + text(newest);
        }
        return {};
    }
    /// That event, or a later one of its name and key.
    bool has_come(const std::vector<Seq>& given, Seq wanted) const {
        const auto of = bucket(*events_[wanted].emit);
        return std::ranges::any_of(given, [&](Seq seq) { return seq >= wanted && bucket(*events_[seq].emit) == of; });
    }
    static std::pair<int, int> bucket(const StormEmit& event) {
        const int name = event.kind == StormKind::named ? 100 + event.name : static_cast<int>(event.kind);
        return {name, event.key};
    }

    /// The past: what was asked for, and no gap before the present. What comes in meanwhile may be dropped, and is
    /// told.
    std::string fault_of_replay(const StormListener& listener, const std::vector<Seq>& given) const {
        if (listener.limited()) return {};
        const bool queued_and_lossy = !listener.direct() && listener.overflow() != Overflow::block;
        if (queued_and_lossy || listener.paused()) return {};
        const bool cut = listener.stats().discarded > 0;  // it was ended before it had come through its past
        const Seq newest = given.empty() ? 0 : given.back();
        std::vector<Seq> past;  // when it began to join
        std::map<std::pair<int, int>, Seq> newest_of_key;
        for (Seq seq = 1; seq <= listener.last_before() && seq < events_.size(); ++seq) {
            const StormEmit* const event = events_[seq].emit;
            if (event == nullptr || event->kind == StormKind::calm || !listener.wants(*event)) continue;
            past.push_back(seq);
            newest_of_key[bucket(*event)] = seq;
        }
        Seq first = listener.last_after() + 1;
        const Replay& replay = *listener.replayed();
        switch (replay.kind()) {
        case Replay::Kind::from_seq:
            first = replay.first();
            break;
        case Replay::Kind::last:
            // The newest that many when it joined, which was no earlier: so those are the first of what it was given.
            if (!cut && given.size() < std::min(replay.count(), past.size())) return "too short a past";
            if (!given.empty() && replay.count() > 0) first = given.front();
            break;
        default:
            if (cut) break;
            for (const auto& [of, seq] : newest_of_key) {
                if (!has_come(given, seq)) return "the newest of a key is missing in the past: " + text(seq);
            }
        }
        for (Seq seq = first; seq < newest && seq < events_.size(); ++seq) {
            const StormEmit* const event = events_[seq].emit;
            if (event == nullptr || event->kind == StormKind::calm || !listener.wants(*event)) continue;
            if (listener.direct() && event->ended > std::min(listener.ending(), closing_)) continue;
            if (!std::ranges::binary_search(given, seq) && !is_told(listener, seq)) {
                return "missing between past and present: " + text(seq);
            }
        }
        return {};
    }

    static std::string text(std::uint64_t number) { return std::to_string(number); }

    StormLogs& logs_;
    std::vector<StormEvent> events_;  // by seq
    std::map<Outcome, std::uint64_t> outcomes_;
    std::uint64_t accepted_ = 0;
    const bool history_is_whole_;
    const std::uint64_t closing_;
};

}  // namespace hindsight::test
