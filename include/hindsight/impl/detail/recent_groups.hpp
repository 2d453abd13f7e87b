// RecentGroups: what is known of each of many groups, bounded: of those that were seen last.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace hindsight::detail {

/// Not thread-safe. T can be copied without throwing.
template <class T>
class RecentGroups {
public:
    /// `most` is above 0.
    explicit RecentGroups(std::size_t most) noexcept : most_(most) {}

    /// Null if it is not known.
    T* find(std::string_view group) {
        const auto found = by_name_.find(group);
        if (found == by_name_.end()) return nullptr;
        newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
        return &found->second->second;
    }

    /// One that is not known. The one that was not seen for longest gives way. Throws std::bad_alloc, changing nothing.
    T& add(std::string group, const T& value) {
        List added;
        added.emplace_front(std::move(group), value);
        by_name_.emplace(added.front().first, added.begin());
        newest_first_.splice(newest_first_.begin(), added);
        if (by_name_.size() > most_) {
            by_name_.erase(newest_first_.back().first);
            newest_first_.pop_back();
        }
        return newest_first_.front().second;
    }

    std::size_t size() const noexcept { return by_name_.size(); }

private:
    using List = std::list<std::pair<std::string, T>>;

    const std::size_t most_;
    List newest_first_;
    std::unordered_map<std::string_view, typename List::iterator> by_name_;  // views of the list's texts
};

}  // namespace hindsight::detail
