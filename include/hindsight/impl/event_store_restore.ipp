#pragma once

#include <hindsight/detail/ledger.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event_store.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>
#include <hindsight/impl/detail/restored_envelope.hpp>

#include <mutex>
#include <string>
#include <utility>
#include <variant>

namespace hindsight {

namespace event_store {

/// Throws InvalidArgument.
inline void require_order(const std::vector<Record>& records) {
    Seq last = 0;
    for (const Record& record : records) {
        if (record.seq() <= last) {
            throw InvalidArgument("EventStore::restore: a record with seq " + std::to_string(record.seq()) +
                                  " after one with " + std::to_string(last));
        }
        last = record.seq();
    }
    // At a thousand million events a second what is left is enough for 292 years.
    constexpr Seq largest = Seq{1} << 63U;
    if (last > largest) {
        throw InvalidArgument("EventStore::restore: a record with seq " + std::to_string(last) +
                              ", after which the sequence could come to its end; the largest is " +
                              std::to_string(largest));
    }
}

/// The largest seq before the last that none of them has, or 0.
inline Seq last_missing(const std::vector<Record>& records) noexcept {
    Seq missing = records.back().seq();
    for (std::size_t i = records.size(); i > 0 && records[i - 1].seq() == missing; --i) --missing;
    return missing;
}

/// Puts copies in the places of records that somebody else holds, too.
inline void make_own(std::vector<Record>& records) {
    for (Record& record : records) {
        const detail::Envelope& envelope = *record.envelope();
        const bool shared = detail::references_in(envelope.holders.load(std::memory_order_acquire)) != 1;
        if (!shared && !envelope.has(detail::Envelope::converted)) continue;
        if (envelope.payload() != nullptr && envelope.type->copy == nullptr) {
            throw InvalidArgument("EventStore::restore: the record with seq " + std::to_string(envelope.seq) +
                                  " is held elsewhere, and its " + detail::readable_type_name(*envelope.type) +
                                  " cannot be copied");
        }
        record = Record(detail::copy_of(envelope));
    }
}

/// By the rules of the history that it is to be a part of. Asks user policies.
inline void restore(detail::History& history, detail::Envelope& record, detail::EvictedRecords& evicted) {
    detail::RetentionRule& rule = history.rule_for(record.name());
    bool stores = rule.kind != detail::RetentionRule::Kind::none;
    if (const auto* custom = std::get_if<RetentionPolicy::Custom>(&rule.policy.get())) {
        try {
            stores = stores && (*custom)->should_store(Record(detail::EnvelopePtr::share(record)));
        } catch (...) {
            stores = false;  // kept nowhere, and counted as refused
        }
    }
    const std::size_t max_payload_bytes = history.options().max_payload_bytes;
    detail::EnvelopePtr kept = detail::EnvelopePtr::share(record);
    if (stores && record.payload_bytes > max_payload_bytes && !record.has(detail::Envelope::truncated)) {
        kept = detail::make_without_payload(record);
        kept->seq = record.seq;
    }
    if (!stores || kept->footprint > history.options().max_total_bytes) {
        ++rule.refused;
        return;
    }
    const detail::History::Place place = history.place_for(rule, *kept);
    history.append(*kept.detach(), place, evicted);
}

}  // namespace event_store

HINDSIGHT_INLINE void EventStore::restore(std::vector<Record> records) {
    event_store::require_order(records);
    if (records.empty()) return;
    event_store::make_own(records);
    const Seq last = records.back().seq();
    for (;;) {
        HistoryOptions options;
        std::uint64_t version = 0;
        {
            const std::lock_guard lock(ledger_->mutex);
            options = ledger_->history.options();
            version = ledger_->history_version.load(std::memory_order_relaxed);
        }
        detail::History next(options);  // asks user policies for their capacity
        {
            detail::EvictedRecords evicted;
            for (const Record& record : records) event_store::restore(next, *record.envelope(), evicted);
        }
        if (const Seq missing = event_store::last_missing(records); missing != 0) next.note_loss(missing, last);
        const std::lock_guard lock(ledger_->mutex);
        if (ledger_->last_seq.load(std::memory_order_relaxed) != 0) {
            throw InvalidArgument("EventStore::restore: the store has had events already");
        }
        if (ledger_->history_version.load(std::memory_order_relaxed) != version) continue;
        std::swap(next, ledger_->history);
        ledger_->last_seq.store(last, std::memory_order_relaxed);
        ledger_->history_version.fetch_add(1, std::memory_order_release);
        return;
    }
}

}  // namespace hindsight
