// Ready-made middleware: rate limits, sampling, de-duplication, redaction; see docs/middleware.md.
//
// What these functions return goes to `use`. It is thread-safe; copies of it share their state, so one limit can be for
// several types. It holds a lock of its own for a look into a table and a few steps of arithmetic, never while `by`,
// the clock or anything else of the user's runs. Times are those of the bus's clock; where that was set back, time
// starts anew from there.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/key_text.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event.hpp>
#include <hindsight/middleware.hpp>
#include <hindsight/types.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hindsight {

/// Which group an event belongs to. Must be thread-safe; what it throws fails the middleware.
using GroupBy = std::function<std::string(const DraftView&)>;

HINDSIGHT_API std::string by_name(const DraftView& draft);
HINDSIGHT_API std::string by_source(const DraftView& draft);
HINDSIGHT_API std::string by_key(const DraftView& draft);
HINDSIGHT_API std::string by_name_and_key(const DraftView& draft);
HINDSIGHT_API std::string by_correlation(const DraftView& draft);

/// By a member of the event, or what a callable makes of it: text, an integer or an enumeration. Events of other types
/// are one group.
template <Event E, class Field>
GroupBy by_field(Field field) {
    return [field = std::move(field)](const DraftView& draft) -> std::string {
        const E* const event = draft.get_if<E>();
        return event != nullptr ? std::string(detail::KeyText(std::invoke(field, *event)).view()) : std::string();
    };
}

struct RateLimit {
    /// So many in each `per`, evenly; after a pause up to as many at once. Each group has a limit of its own.
    std::size_t events = 0;
    Duration per = std::chrono::seconds(1);
    /// None: all events are one group.
    GroupBy by = {};
    /// The limits of the groups that were seen last; one that is seen again after that starts anew, with all events.
    std::size_t max_groups = 1024;
};

struct Sampling {
    /// One in so many passes: the first, and so on.
    std::uint64_t one_in = 0;
    /// With groups, all events of one pass or none does, whichever bus or process they are in: one group in so many.
    GroupBy by = {};
};

struct Deduplication {
    /// An event is vetoed if one of its group has passed less than this before it.
    Duration window = {};
    GroupBy by = by_name_and_key;
    /// The groups that were seen last; one of before that may pass too early.
    std::size_t max_groups = 16 * 1024;
};

namespace detail {

class HINDSIGHT_API RateLimiter {
public:
    explicit RateLimiter(RateLimit options);
    void operator()(DraftView& draft) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

class HINDSIGHT_API Sampler {
public:
    explicit Sampler(Sampling options);
    void operator()(DraftView& draft) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

class HINDSIGHT_API Deduplicator {
public:
    explicit Deduplicator(Deduplication options);
    void operator()(DraftView& draft) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

class HINDSIGHT_API MetadataRedactor {
public:
    explicit MetadataRedactor(std::vector<std::string> names);
    void operator()(DraftView& draft) const;

private:
    std::vector<std::string> names_;
};

/// What stands in place of a text.
inline constexpr std::string_view redacted_text = "[redacted]";

template <class E, class... Fields>
class Redactor {
public:
    explicit Redactor(Fields E::*... fields) : fields_(fields...) {
        const bool any_is_null = (... || (fields == nullptr));
        if (any_is_null) throw InvalidArgument("redact: a field is null");
    }
    void operator()(E& event) const {
        std::apply([&](auto... field) { (redact(event.*field), ...); }, fields_);
    }

private:
    template <class Field>
    static void redact(Field& field) {
        if constexpr (std::same_as<Field, std::string>) {
            field = redacted_text;
        } else {
            field = Field{};
        }
    }

    std::tuple<Fields E::*...> fields_;
};

}  // namespace detail

/// Vetoes what is more than a number of events per time. Throws InvalidArgument: no events, a time that is not above 0,
/// no groups, numbers too large to count with (the events times the nanoseconds, in lowest terms, above 2^62).
inline detail::RateLimiter rate_limit(RateLimit options) {
    return detail::RateLimiter(std::move(options));
}

/// Vetoes all but one event in a number of them. Throws InvalidArgument: one in none.
inline detail::Sampler sample(Sampling options) {
    return detail::Sampler(std::move(options));
}

/// Vetoes events that say again what has just been said. An event that passes here counts as said, also where
/// middleware that comes later refuses it: use this one last. Throws InvalidArgument: a window that is not above 0, no
/// groups, no `by`.
inline detail::Deduplicator deduplicate(Deduplication options) {
    return detail::Deduplicator(std::move(options));
}

/// For `use<E>`: takes what these members hold out of the event, before history and handlers get it. A std::string
/// becomes "[redacted]", anything else what `{}` makes of it. A key that comes from such a member is taken anew. Throws
/// InvalidArgument for a null member.
template <class E, class... Fields>
    requires(sizeof...(Fields) > 0)
detail::Redactor<E, Fields...> redact(Fields E::*... fields) {
    return detail::Redactor<E, Fields...>(fields...);
}

/// The same for the values of metadata with these names. Throws InvalidArgument if there are no names.
inline detail::MetadataRedactor redact_metadata(std::vector<std::string> names) {
    return detail::MetadataRedactor(std::move(names));
}

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/middlewares.ipp>
#endif
