// Query: which records of history to give; Reread: what it gives for a hole.
#pragma once

#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight {

/// Which end of the matching records `Query::limit` keeps.
enum class Take : std::uint8_t { newest, oldest };

/// Conditions that are all to hold; an empty field is no condition. Results are always in ascending seq order.
///
/// A `name` that the type asked for does not have, and an `after_seq` that is not below `before_seq`, just find
/// nothing.
///
/// The library's own events (`hindsight.*`) are given only where `name`, `pattern` or `category` names them. To read
/// history page by page, use `.take = Take::oldest` with a `limit`, and `.after_seq = last_page.back().seq()`.
struct Query {
    std::string name = {};
    std::string pattern = {};
    std::string category = {};  ///< a name's first segment
    std::string source = {};
    std::string key = {};
    std::optional<Severity> min_severity = {};
    std::optional<TimePoint> since = {};  ///< inclusive
    std::optional<TimePoint> until = {};  ///< exclusive
    Seq after_seq = 0;                    ///< exclusive
    Seq before_seq = 0;                   ///< exclusive; 0: no condition
    /// Runs outside the lock, on records that meet all other conditions.
    Predicate where = {};
    std::size_t limit = no_limit;  ///< 0: none are given
    Take take = Take::newest;
    /// Emitted in this scope or in one below it: what a subscriber of the scope would have been given; see Scope.
    std::string scope = {};
};

namespace detail {

/// The query for the newest record of a key, which may be empty.
inline Query newest_of_key(std::string_view key) {
    Query query{.key = std::string(key), .limit = 1};
    // To a query an empty key is any.
    if (key.empty()) query.where = [](const Record& record) { return record.key().empty(); };
    return query;
}

}  // namespace detail

/// What history still has of a hole.
struct Reread {
    std::vector<Record> records;  ///< in seq order
    /// What is gone for good: `missed` events in the hole's range; 0 in all three: nothing. Of a hole whose `missed` is
    /// 0 all that was missed is gone.
    Lagged gone;
};

}  // namespace hindsight
