// DrawnSources: the sources of an export that is drawn, in the scopes that they emitted in.
#pragma once

#include <hindsight/impl/detail/exported_records.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::detail {

/// A source that emits in several scopes is one in each. Those of a scope stand next to each other; scopes, and sources
/// in them, are in the order of their first events. The exported records must outlive it.
class DrawnSources {
public:
    struct Source {
        std::string_view scope;  // empty: the bus itself
        std::string_view name;
        std::vector<std::size_t> records;
    };

    explicit DrawnSources(const ExportedRecords& exported) {
        std::map<std::string_view, std::size_t> scopes;
        std::map<std::pair<std::string_view, std::string_view>, std::vector<std::size_t>> sources;
        for (std::size_t i = 0; i < exported.records().size(); ++i) {
            const Record& record = *exported.records()[i];
            scopes.try_emplace(record.scope(), scopes.size());
            sources[{record.scope(), record.source()}].push_back(i);
        }
        for (auto& [place, records] : sources) {
            const Record& first = *exported.records()[records.front()];
            sources_.push_back({first.scope(), first.source(), std::move(records)});
        }
        std::ranges::sort(sources_, {}, [&](const Source& source) {
            return std::pair(scopes.find(source.scope)->second, source.records.front());
        });
        source_of_.resize(exported.records().size());
        for (std::size_t source = 0; source < sources_.size(); ++source) {
            for (const std::size_t record : sources_[source].records) source_of_[record] = source;
        }
    }

    const std::vector<Source>& all() const noexcept { return sources_; }
    /// An index into `all()`.
    std::size_t source_of(std::size_t record) const noexcept { return source_of_[record]; }
    /// Whether the source is the first, or the last, of its scope.
    bool begins_scope(std::size_t source) const noexcept {
        return source == 0 || sources_[source - 1].scope != sources_[source].scope;
    }
    bool ends_scope(std::size_t source) const noexcept {
        return source + 1 == sources_.size() || begins_scope(source + 1);
    }

private:
    std::vector<Source> sources_;
    std::vector<std::size_t> source_of_;
};

}  // namespace hindsight::detail
