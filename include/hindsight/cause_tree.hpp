// CauseTree: where an event came from and what came of it, as far as history has it.
#pragma once

#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hindsight {

/// What EventStore::trace returns: an event, the causes above it up to the first one, and everything below it. What
/// else those causes have brought about is not in it: trace the root, `entries.front().seq`, for the whole story.
///
/// A link leads from an event to its `cause()`. It counts only where the cause is older than the event and of the same
/// bus, which is so unless causes were given by hand; so there are no circles. Shown as text by format.hpp.
struct CauseTree {
    static constexpr std::size_t none = no_limit;

    struct Entry {
        Seq seq = 0;
        Record record = {};  ///< empty: history does not have it
        std::size_t depth = 0;
        // Indexes in `entries`; or `none`.
        std::size_t cause = none;
        std::size_t first_consequence = none;
        std::size_t next_sibling = none;  ///< the next consequence of the same cause
    };

    /// In seq order, so every event comes after its cause: the chain of causes, the event asked for, what is below it.
    std::vector<Entry> entries = {};
    /// Index of the event asked for.
    std::size_t asked = 0;

    /// Events that history does not have, ascending: the cause where the chain breaks off, the one asked for, and later
    /// ones that records still name as their cause. Whether these are below the event asked for is not known; what is
    /// left of what they have brought about is found by tracing them.
    std::vector<Seq> missing = {};
    /// How many of the events newer than the one asked for history does not have. Any of them may have belonged below
    /// it; 0: all that is below it is here.
    std::uint64_t newer_not_kept = 0;

    /// Whether nothing can be missing: the chain goes up to an event without a cause, and nothing newer has left.
    bool complete() const noexcept { return missing.empty() && newer_not_kept == 0; }

    /// Calls `visit(const Entry&)` for each event before its consequences, these one after the other in seq order.
    template <class F>
    void walk(F visit) const {
        std::size_t at = entries.empty() ? none : 0;
        while (at != none) {
            visit(entries[at]);
            if (entries[at].first_consequence != none) {
                at = entries[at].first_consequence;
                continue;
            }
            while (at != none && entries[at].next_sibling == none) at = entries[at].cause;
            if (at != none) at = entries[at].next_sibling;
        }
    }
};

}  // namespace hindsight
