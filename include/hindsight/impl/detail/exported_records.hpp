// ExportedRecords: the records of an export, by their sources and causes.
#pragma once

#include <hindsight/record.hpp>
#include <hindsight/types.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hindsight::detail {

/// The records must outlive it. Indexes are those of `records()`.
class ExportedRecords {
public:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    explicit ExportedRecords(std::span<const Record> records) {
        for (const Record& record : records) {
            if (!record) continue;
            const auto [found, is_new] = source_numbers_.try_emplace(record.source(), sources_.size());
            if (is_new) sources_.push_back(record.source());
            by_id_.emplace_back(record.id(), records_.size());
            source_of_.push_back(found->second);
            records_.push_back(&record);
        }
        std::ranges::sort(by_id_);
    }

    const std::vector<const Record*>& records() const noexcept { return records_; }
    /// In the order of their first events.
    const std::vector<std::string_view>& sources() const noexcept { return sources_; }
    /// An index into `sources()`.
    std::size_t source_of(std::size_t record) const noexcept { return source_of_[record]; }

    std::size_t find(RecordId id) const noexcept {
        const auto found = std::ranges::lower_bound(by_id_, std::pair(id, std::size_t{0}));
        return found == by_id_.end() || found->first != id ? none : found->second;
    }
    /// `none` also where there is no cause.
    std::size_t cause_of(std::size_t record) const noexcept {
        const Record& effect = *records_[record];
        return effect.cause() == 0 ? none : find({effect.id().origin, effect.cause()});
    }

private:
    std::vector<const Record*> records_;
    std::vector<std::size_t> source_of_;
    std::vector<std::string_view> sources_;
    std::unordered_map<std::string_view, std::size_t> source_numbers_;
    std::vector<std::pair<RecordId, std::size_t>> by_id_;
};

/// How a source is shown.
inline std::string_view shown_source(std::string_view source) noexcept {
    return source.empty() ? std::string_view("(no source)") : source;
}

}  // namespace hindsight::detail
