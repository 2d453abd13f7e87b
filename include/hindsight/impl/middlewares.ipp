#pragma once

#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/impl/detail/recent_groups.hpp>
#include <hindsight/middlewares.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <numeric>
#include <string_view>

namespace hindsight {

namespace middlewares {

inline void require_groups(std::string_view what, std::size_t max_groups) {
    if (max_groups == 0) throw InvalidArgument(std::string(what) + ": max_groups is 0");
}

/// In the largest unit that gives a whole number.
inline std::string text_of(Duration duration) {
    const Duration::rep count = duration.count();
    if (count % 1'000'000'000 == 0) return std::to_string(count / 1'000'000'000) + " s";
    if (count % 1'000'000 == 0) return std::to_string(count / 1'000'000) + " ms";
    if (count % 1'000 == 0) return std::to_string(count / 1'000) + " us";
    return std::to_string(count) + " ns";
}

}  // namespace middlewares

HINDSIGHT_INLINE std::string by_name(const DraftView& draft) {
    return std::string(draft.name());
}

HINDSIGHT_INLINE std::string by_source(const DraftView& draft) {
    return std::string(draft.source());
}

HINDSIGHT_INLINE std::string by_key(const DraftView& draft) {
    return std::string(draft.key());
}

HINDSIGHT_INLINE std::string by_name_and_key(const DraftView& draft) {
    return std::string(draft.name()).append(" ").append(draft.key());  // there is no space in a name
}

HINDSIGHT_INLINE std::string by_correlation(const DraftView& draft) {
    return std::string(draft.correlation());
}

namespace detail {

/// Time is turned into credit, in whole numbers: a nanosecond gives `gain`, an event costs `cost`, and `most` is what
/// all events of a `per` cost.
struct RateLimiter::State {
    struct Group {
        std::int64_t credit;
        TimePoint updated;
    };

    explicit State(RateLimit given) : options(std::move(given)), groups(options.max_groups) {
        constexpr std::int64_t large = std::numeric_limits<std::int64_t>::max() / 2;
        if (options.events == 0) throw InvalidArgument("rate_limit: events is 0: nothing would ever pass");
        if (options.per <= Duration::zero()) throw InvalidArgument("rate_limit: per must be above 0");
        middlewares::require_groups("rate_limit", options.max_groups);
        const auto divisor = std::gcd(std::uint64_t{options.events}, static_cast<std::uint64_t>(options.per.count()));
        cost = options.per.count() / static_cast<std::int64_t>(divisor);
        if (options.events > static_cast<std::uint64_t>(large / cost)) {
            throw InvalidArgument("rate_limit: " + std::to_string(options.events) + " events per " +
                                  middlewares::text_of(options.per) + " is more than can be counted");
        }
        gain = static_cast<std::int64_t>(options.events / divisor);
        most = static_cast<std::int64_t>(options.events) * cost;
        reason =
            "rate_limit: more than " + std::to_string(options.events) + " per " + middlewares::text_of(options.per);
    }

    bool passes(std::string name, TimePoint now) {
        const std::lock_guard lock(mutex);
        Group* found = groups.find(name);
        Group& group = found != nullptr ? *found : groups.add(std::move(name), Group{most, now});
        const Duration elapsed = std::max(now - group.updated, Duration::zero());
        group.credit = elapsed < options.per ? std::min(most, group.credit + elapsed.count() * gain) : most;
        group.updated = now;
        if (group.credit < cost) return false;
        group.credit -= cost;
        return true;
    }

    const RateLimit options;
    std::int64_t gain = 0, cost = 0, most = 0;
    std::string reason;
    std::mutex mutex;
    RecentGroups<Group> groups HINDSIGHT_GUARDED_BY(mutex);
};

HINDSIGHT_INLINE RateLimiter::RateLimiter(RateLimit options) : state_(std::make_shared<State>(std::move(options))) {}

HINDSIGHT_INLINE void RateLimiter::operator()(DraftView& draft) const {
    std::string group = state_->options.by ? state_->options.by(draft) : std::string();
    if (!state_->passes(std::move(group), draft.now())) draft.veto(state_->reason);
}

struct Sampler::State {
    explicit State(Sampling given) : options(std::move(given)) {
        if (options.one_in == 0) throw InvalidArgument("sample: one_in is 0: nothing would ever pass");
        reason = "sample: one in " + std::to_string(options.one_in) + " passes";
    }

    const Sampling options;
    std::string reason;
    std::atomic<std::uint64_t> seen{0};
};

HINDSIGHT_INLINE Sampler::Sampler(Sampling options) : state_(std::make_shared<State>(std::move(options))) {}

HINDSIGHT_INLINE void Sampler::operator()(DraftView& draft) const {
    // The hash's lower bits alone would depend on the last characters most.
    const auto number_of = [](std::uint64_t hash) { return hash ^ (hash >> 32U); };
    const std::uint64_t number = state_->options.by ? number_of(hash_text(state_->options.by(draft)))
                                                    : state_->seen.fetch_add(1, std::memory_order_relaxed);
    if (number % state_->options.one_in != 0) draft.veto(state_->reason);
}

struct Deduplicator::State {
    explicit State(Deduplication given) : options(std::move(given)), groups(options.max_groups) {
        if (options.window < Duration::zero()) throw InvalidArgument("deduplicate: the window is negative");
        if (options.window == Duration::zero()) {
            throw InvalidArgument("deduplicate: the window is 0: nothing would be a duplicate");
        }
        if (!options.by) throw InvalidArgument("deduplicate: by is null");
        middlewares::require_groups("deduplicate", options.max_groups);
        reason = "deduplicate: the same again within " + middlewares::text_of(options.window);
    }

    bool passes(std::string name, TimePoint now) {
        const std::lock_guard lock(mutex);
        TimePoint* const passed = groups.find(name);
        if (passed == nullptr) {
            groups.add(std::move(name), now);
            return true;
        }
        *passed = std::min(*passed, now);
        if (now - *passed < options.window) return false;
        *passed = now;
        return true;
    }

    const Deduplication options;
    std::string reason;
    std::mutex mutex;
    RecentGroups<TimePoint> groups HINDSIGHT_GUARDED_BY(mutex);
};

HINDSIGHT_INLINE Deduplicator::Deduplicator(Deduplication options)
    : state_(std::make_shared<State>(std::move(options))) {}

HINDSIGHT_INLINE void Deduplicator::operator()(DraftView& draft) const {
    if (!state_->passes(state_->options.by(draft), draft.now())) draft.veto(state_->reason);
}

HINDSIGHT_INLINE MetadataRedactor::MetadataRedactor(std::vector<std::string> names) : names_(std::move(names)) {
    if (names_.empty()) throw InvalidArgument("redact_metadata: there are no names");
}

HINDSIGHT_INLINE void MetadataRedactor::operator()(DraftView& draft) const {
    for (const std::string& name : names_) {
        if (draft.metadata(name)) draft.set_metadata(name, redacted_text);
    }
}

}  // namespace detail

}  // namespace hindsight
