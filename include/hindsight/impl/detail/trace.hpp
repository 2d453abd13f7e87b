// How a CauseTree is found: everything that may belong to it under the ledger's lock, its links after that.
#pragma once

#include <hindsight/cause_tree.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/impl/detail/log_cursor.hpp>
#include <hindsight/impl/detail/query_condition.hpp>
#include <hindsight/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace hindsight::detail {

/// The record with that seq; null: it is not kept. O(log size). Under the lock.
inline Envelope* find_locked(const History& history, Seq seq) noexcept {
    Envelope* found = nullptr;
    history.for_each_log([&](const RecordLog& log) {
        const Position there = log.lower_bound(seq);
        Envelope* const record = there < log.span() ? *log.slot(there) : nullptr;
        if (record != nullptr && record->seq == seq) found = record;
    });
    return found;
}

namespace trace {

/// Whether the record names a cause that can be one.
inline bool has_cause(const Envelope& record) noexcept {
    return record.cause != 0 && record.cause < record.seq;
}

/// The record's cause, if it is kept.
inline Envelope* cause_locked(const History& history, const Envelope& record) noexcept {
    if (!has_cause(record)) return nullptr;
    Envelope* const cause = find_locked(history, record.cause);
    return cause != nullptr && cause->origin == record.origin ? cause : nullptr;
}

/// What one moment's history has for the tree.
struct Material {
    std::vector<Record> chain;  // the event asked for, its cause, the cause of that ...
    std::vector<Record> newer;  // whose causes are the event or newer ones: ascending
    std::vector<Seq> missing;   // causes of these that are not kept, and are newer than the event
    std::uint64_t newer_not_kept = 0;
};

inline Material collect(Ledger& ledger, Seq asked) {
    const Query query{.after_seq = asked, .take = Take::oldest};
    const QueryCondition condition(query, nullptr);
    Material found;
    std::vector<LogCursor> cursors;
    std::uint64_t newer = 0;
    const std::lock_guard lock(ledger.mutex);
    for (Envelope* each = find_locked(ledger.history, asked); each != nullptr;
         each = cause_locked(ledger.history, *each)) {
        found.chain.emplace_back(EnvelopePtr::share(*each));
    }
    ledger.history.for_each_log([&](const RecordLog& log) {
        if (log.size() > 0) cursors.emplace_back(log, condition, no_limit);
    });
    merge(cursors, Take::oldest, [&](Envelope& each, const LogCursor&) HINDSIGHT_UNCHECKED_LOCKING {
        ++newer;
        if (!has_cause(each) || each.cause < asked) return true;
        found.newer.emplace_back(EnvelopePtr::share(each));
        if (each.cause != asked && cause_locked(ledger.history, each) == nullptr) found.missing.push_back(each.cause);
        return true;
    });
    const Seq last = ledger.last_seq.load(std::memory_order_relaxed);
    found.newer_not_kept = last > asked ? last - asked - newer : 0;
    return found;
}

/// Adds events, each after its cause, and links them.
class Builder {
public:
    explicit Builder(CauseTree& tree) : tree_(tree) {}

    void add(Seq seq, Record record, std::size_t cause) {
        const std::size_t index = tree_.entries.size();
        CauseTree::Entry entry{.seq = seq, .record = std::move(record), .cause = cause};
        if (cause != CauseTree::none) {
            entry.depth = tree_.entries[cause].depth + 1;
            std::size_t& last = last_consequence_[cause];
            CauseTree::Entry& before = tree_.entries[last == CauseTree::none ? cause : last];
            (last == CauseTree::none ? before.first_consequence : before.next_sibling) = index;
            last = index;
        }
        tree_.entries.push_back(std::move(entry));
        last_consequence_.push_back(CauseTree::none);
    }

    void add_below_last(Seq seq, Record record) {
        const std::size_t last = tree_.entries.empty() ? CauseTree::none : tree_.entries.size() - 1;
        add(seq, std::move(record), last);
    }

    /// Adds the record below its cause, if that is the event asked for or below it.
    void add_if_below(Record record) {
        const auto first = tree_.entries.begin() + static_cast<std::ptrdiff_t>(tree_.asked);
        const auto cause = std::ranges::lower_bound(first, tree_.entries.end(), record.cause(), {},
                                                    [](const CauseTree::Entry& entry) { return entry.seq; });
        if (cause == tree_.entries.end() || cause->seq != record.cause()) return;
        // An event that is not here may be of any bus whose records are.
        if (cause->record && cause->record.id().origin != record.id().origin) return;
        const Seq seq = record.seq();
        add(seq, std::move(record), static_cast<std::size_t>(cause - tree_.entries.begin()));
    }

private:
    CauseTree& tree_;
    std::vector<std::size_t> last_consequence_;  // of each entry
};

}  // namespace trace

inline CauseTree trace_causes(Ledger& ledger, Seq asked) {
    CauseTree tree;
    if (asked == 0) return tree;
    trace::Material found = trace::collect(ledger, asked);
    trace::Builder builder(tree);
    const Envelope* const first = found.chain.empty() ? nullptr : found.chain.back().envelope().get();
    if (first != nullptr && trace::has_cause(*first)) {
        tree.missing.push_back(first->cause);
        builder.add_below_last(first->cause, Record());
    }
    while (!found.chain.empty()) {
        const Seq seq = found.chain.back().seq();
        builder.add_below_last(seq, std::move(found.chain.back()));
        found.chain.pop_back();
    }
    if (first == nullptr) {
        tree.missing.push_back(asked);
        builder.add_below_last(asked, Record());
    }
    tree.asked = tree.entries.size() - 1;
    for (Record& record : found.newer) builder.add_if_below(std::move(record));

    tree.missing.insert(tree.missing.end(), found.missing.begin(), found.missing.end());
    std::ranges::sort(tree.missing);
    tree.missing.erase(std::unique(tree.missing.begin(), tree.missing.end()), tree.missing.end());
    tree.newer_not_kept = found.newer_not_kept;
    return tree;
}

}  // namespace hindsight::detail
