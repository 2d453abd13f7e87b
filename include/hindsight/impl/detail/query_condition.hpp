// QueryCondition: a query with its texts checked, as a condition on envelopes that runs under the ledger's lock: it
// calls no user code.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>
#include <hindsight/query.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace hindsight::detail {

class QueryCondition {
public:
    /// What all candidates meet, for they come from an index: it needs no second look.
    struct Met {
        bool name = false, key = false, source = false;
    };

    /// `type`: what the payloads are to be; null: any. Both are referred to. Throws InvalidName, InvalidArgument.
    QueryCondition(const Query& query, const EventType* type) : query_(query), type_(type) {
        if (!query.name.empty()) require_valid_name(query.name);
        if (!query.pattern.empty()) pattern_.emplace(query.pattern);
        if (!query.category.empty()) require_valid_category(query.category);
        if (!query.scope.empty()) require_valid_name(query.scope);
        if (query.take > Take::oldest) throw InvalidArgument("query: `take` is no Take");
        if (query.min_severity > Severity::critical) throw InvalidArgument("query: `min_severity` is no Severity");
        if (query.since && query.until && *query.since > *query.until) {
            throw InvalidArgument("query: `since` is later than `until`");
        }
        const EventType* const wanted = query.where.payload_type();
        if (type != nullptr && wanted != nullptr && !is_kind_of(*type, *wanted) && !is_kind_of(*wanted, *type)) {
            throw InvalidArgument("query: `where` is for the type " + readable_type_name(*wanted) + ", the query for " +
                                  readable_type_name(*type) + "; it would never find anything");
        }
        has_rare_conditions_ = query.min_severity || query.since || query.until || !query.scope.empty();
        names_library_events_ = !query.name.empty() || pattern_ || !query.category.empty();
    }

    const Query& query() const noexcept { return query_; }

    bool holds_for(const Envelope& record, Met met) const noexcept {
        if (record.seq <= query_.after_seq || (query_.before_seq != 0 && record.seq >= query_.before_seq)) return false;
        if (type_ != nullptr && (!record.has(Envelope::has_payload) || !is_kind_of(*record.type, *type_))) return false;
        if (has_rare_conditions_ && !meets_rare_conditions(record)) return false;
        if (!met.source && !query_.source.empty() && record.source() != query_.source) return false;
        if (!met.key && !query_.key.empty() && record.key() != query_.key) return false;
        return met.name || holds_for(record.name());
    }

    /// Whether a record of this name can meet it.
    bool holds_for(std::string_view name) const noexcept {
        if (!query_.name.empty() && name != query_.name) return false;
        if (!query_.category.empty() && category_of(name) != query_.category) return false;
        if (pattern_ && !pattern_->matches(name)) return false;
        return names_library_events_ || type_ != nullptr || !is_library_name(name);
    }

    /// False only where no name that matches the pattern can meet it.
    bool may_hold_for_one_of(const Pattern& names) const noexcept {
        if (names.exact()) return holds_for(names.text());
        if (pattern_ && !patterns_overlap(pattern_->text(), names.text())) return false;
        const std::string_view category = category_of(names.text());
        if (category == "*") return !is_library_name(query_.category);
        if (!query_.category.empty() && category != query_.category) return false;
        return !excludes_library_names() || !is_library_name(category);
    }

    /// Whether names are chosen at all; else only the library's own do not meet it.
    bool asks_for_names() const noexcept { return names_library_events_; }
    bool excludes_library_names() const noexcept { return !names_library_events_ && type_ == nullptr; }
    /// Whether it looks at a record's texts.
    bool looks_at_texts(Met met) const noexcept {
        return !met.name || (!met.key && !query_.key.empty()) || (!met.source && !query_.source.empty()) ||
               !query_.scope.empty();
    }

    /// The one name that meets it; empty: there may be several.
    std::string_view only_name() const noexcept {
        if (!query_.name.empty()) return query_.name;
        if (pattern_ && pattern_->exact()) return pattern_->text();
        return type_ != nullptr && !type_->is_base ? type_->name : std::string_view();
    }
    /// Whether it leaves out many names, and what all the others begin with.
    bool chooses_names() const noexcept { return (pattern_ && pattern_->text() != "*") || !query_.category.empty(); }
    std::string_view beginning_of_names() const noexcept {
        const std::string_view text = pattern_ ? pattern_->text().substr(0, pattern_->text().find('*')) : "";
        return text.empty() ? std::string_view(query_.category) : text;
    }

private:
    bool meets_rare_conditions(const Envelope& record) const noexcept {
        if (query_.min_severity && record.severity < *query_.min_severity) return false;
        if (query_.since && record.time < *query_.since) return false;
        if (query_.until && record.time >= *query_.until) return false;
        return query_.scope.empty() || is_in_scope(record.scope(), query_.scope);
    }

    const Query& query_;
    const EventType* type_;
    std::optional<Pattern> pattern_;
    bool names_library_events_ = false;
    bool has_rare_conditions_ = false;
};

}  // namespace hindsight::detail
