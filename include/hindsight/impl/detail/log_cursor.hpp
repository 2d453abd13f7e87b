// LogCursor: the records of one log that may meet a query, from the end that the query takes from.
//
// It takes them from the index that leaves the fewest, or where none leaves few, from the log itself; conditions on
// seqs become limits to its range. Records are older than the caches remember, and each waits on the slot that points
// to it, so it fetches a number of slots ahead, and then their records, instead of one after the other. For use under
// the ledger's lock.
#pragma once

#include <hindsight/detail/record_log.hpp>
#include <hindsight/impl/detail/query_condition.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace hindsight::detail {

class LogCursor {
public:
    /// All records, oldest first.
    explicit LogCursor(const RecordLog& log) : log_(&log), newest_first_(false), end_(log.span()) { advance(); }

    /// `most`: how many the caller will take at most of those that meet the condition. Throws std::bad_alloc.
    LogCursor(const RecordLog& log, const QueryCondition& condition, std::size_t most)
        : log_(&log), newest_first_(condition.query().take == Take::newest), end_(log.span()),
          next_batch_(std::clamp<std::size_t>(most, 1, largest_batch)) {
        const Query& query = condition.query();
        if (query.after_seq != 0) begin_ = log.lower_bound(query.after_seq + 1);
        if (query.before_seq != 0) end_ = log.lower_bound(query.before_seq);
        if (begin_ < end_) choose_index(condition, most);
        if (!condition.asks_for_names())
            met_.name = !condition.excludes_library_names() || !log_->names().holds_library_names();
        fetches_texts_ = condition.looks_at_texts(met_);
        advance();
    }

    /// Null: no more.
    Envelope* current() const noexcept { return current_; }
    /// What is sure of all its records.
    QueryCondition::Met met() const noexcept { return met_; }
    void advance() noexcept {
        do {
            if (at_ == fetched_ && !fetch()) {
                current_ = nullptr;
                return;
            }
            current_ = ahead_[at_++];
        } while (current_ == nullptr);
    }

private:
    static constexpr std::size_t largest_batch = 128;

    /// Positions of one text that are still to come: the ones from `begin` to before `end`.
    struct Stretch {
        const Postings* postings;
        std::size_t begin, end;
        std::size_t size() const noexcept { return end - begin; }
    };

    Stretch stretch_of(const TextEntry& entry) const noexcept {
        const Position base = log_->first_position();
        const Postings& postings = entry.postings;
        return {&postings, begin_ == 0 ? 0 : postings.lower_bound(base, begin_),
                end_ == log_->span() ? postings.size() : postings.lower_bound(base, end_)};
    }

    /// How far from the first position the next one of the stretch lies.
    Position next_of(const Stretch& stretch) const noexcept {
        const std::size_t next = newest_first_ ? stretch.end - 1 : stretch.begin;
        return (*stretch.postings)[next] - log_->first_position();
    }
    /// The order of heaps: whose next position comes after the other's.
    auto later() const noexcept {
        return [this](const Stretch& left, const Stretch& right) {
            return newest_first_ ? next_of(left) < next_of(right) : next_of(left) > next_of(right);
        };
    }

    void choose_index(const QueryCondition& condition, std::size_t most) {
        const Query& query = condition.query();
        const auto consider = [&](const TextEntry* entry, QueryCondition::Met met) {
            const Stretch stretch = entry != nullptr ? stretch_of(*entry) : Stretch{};
            if (indexed_ && stretches_.front().size() <= stretch.size()) return;
            indexed_ = true;
            stretches_.assign(1, stretch);
            met_ = met;
        };
        const std::string_view name = condition.only_name();
        if (!name.empty()) consider(condition.holds_for(name) ? log_->names().find(name) : nullptr, {.name = true});
        if (!query.key.empty()) consider(log_->keys().find(query.key), {.key = true});
        if (!query.source.empty()) consider(log_->sources().find(query.source), {.source = true});
        if (name.empty() && condition.chooses_names()) choose_names(condition, most);
    }

    void choose_names(const QueryCondition& condition, std::size_t most) {
        const std::size_t otherwise = indexed_ ? stretches_.front().size() : end_ - begin_;
        std::vector<Stretch> chosen;
        std::size_t size = 0;
        log_->names().for_each_beginning_with(condition.beginning_of_names(), [&](const TextEntry& entry) {
            if (condition.holds_for(entry.text())) {
                chosen.push_back(stretch_of(entry));
                size += chosen.back().size();
            }
            return chosen.size() < otherwise;
        });
        if (chosen.size() >= otherwise) return;
        // A step through the chosen ones costs more than a step through all, and there is one for each name before the
        // first; all, on the other hand, have to be walked until enough of the chosen ones have turned up.
        const std::size_t taken = std::min(most, size);
        const double steps = static_cast<double>(otherwise) * static_cast<double>(taken);
        if (size > 0 && static_cast<double>(2 * (chosen.size() + taken)) * static_cast<double>(size) > steps) return;
        std::erase_if(chosen, [](const Stretch& each) { return each.size() == 0; });
        stretches_ = std::move(chosen);
        indexed_ = true;
        met_ = {.name = true};
        next_batch_ = std::min<std::size_t>(next_batch_, 16);
        std::ranges::make_heap(stretches_, later());
    }

    bool has_next() const noexcept {
        return indexed_ ? !stretches_.empty() && stretches_.front().size() > 0 : begin_ < end_;
    }
    Position take_next() noexcept {
        if (!indexed_) return newest_first_ ? --end_ : begin_++;
        if (stretches_.size() == 1) return take_next_of(stretches_.front());
        std::ranges::pop_heap(stretches_, later());
        Stretch& first = stretches_.back();
        const Position next = take_next_of(first);
        if (first.size() > 0) {
            std::ranges::push_heap(stretches_, later());
        } else {
            stretches_.pop_back();
        }
        return next;
    }
    Position take_next_of(Stretch& stretch) noexcept {
        const Position next = next_of(stretch);
        if (newest_first_) {
            --stretch.end;
        } else {
            ++stretch.begin;
        }
        return next;
    }

    bool fetch() noexcept {
        std::array<Envelope* const*, largest_batch> slots;
        fetched_ = 0;
        while (fetched_ < next_batch_ && has_next()) {
            slots[fetched_] = log_->slot(take_next());
            prefetch(slots[fetched_++]);
        }
        for (std::size_t i = 0; i < fetched_; ++i) {
            ahead_[i] = *slots[i];
            if (ahead_[i] != nullptr) prefetch_record(*ahead_[i]);
        }
        at_ = 0;
        next_batch_ = std::min(next_batch_ * 2, largest_batch);
        return fetched_ > 0;
    }
    void prefetch_record(const Envelope& record) const noexcept {
        const char* const bytes = reinterpret_cast<const char*>(&record);
        prefetch(bytes);
        if (!fetches_texts_) return;
        prefetch(bytes + 64);
        prefetch(bytes + 128);
    }
    static void prefetch([[maybe_unused]] const void* memory) noexcept {
#if defined(__GNUC__)
        __builtin_prefetch(memory, 1);
#endif
    }

    const RecordLog* log_;
    bool newest_first_;
    bool indexed_ = false;  // else it walks the range
    bool fetches_texts_ = false;
    QueryCondition::Met met_;
    Position begin_ = 0;  // of the range, as distances from the first position
    Position end_;
    std::vector<Stretch> stretches_;  // a heap, where there are several
    std::array<Envelope*, largest_batch> ahead_;
    std::size_t at_ = 0;
    std::size_t fetched_ = 0;
    std::size_t next_batch_ = largest_batch;
    Envelope* current_ = nullptr;
};

/// Visits the records of several logs in one order of seqs, until one visit, which also gets the cursor, says false.
template <class F>
void merge(std::vector<LogCursor>& cursors, Take from, F visit) {
    std::erase_if(cursors, [](const LogCursor& each) { return each.current() == nullptr; });
    while (!cursors.empty()) {
        std::size_t next = 0;
        for (std::size_t i = 1; i < cursors.size(); ++i) {
            const bool is_older = cursors[i].current()->seq < cursors[next].current()->seq;
            if (is_older == (from == Take::oldest)) next = i;
        }
        if (!visit(*cursors[next].current(), cursors[next])) return;
        cursors[next].advance();
        if (cursors[next].current() == nullptr) cursors.erase(cursors.begin() + static_cast<std::ptrdiff_t>(next));
    }
}

}  // namespace hindsight::detail
