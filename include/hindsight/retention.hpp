// Retention policies: which part of history an event goes to, and how much of it is kept.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/pattern.hpp>
#include <hindsight/record.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace hindsight {

/// The ring that all events without a policy of their own share: the newest `HistoryOptions::capacity` of them.
struct SharedRing {};

/// Events are delivered, but not kept.
struct KeepNone {};

/// The newest `capacity` events of each (name, key). Beyond `max_keys` buckets the least recently written one goes.
/// An event's key is the emitter's, else the one that its traits give, else its source.
struct BucketRing {
    std::size_t capacity = 1;
    std::size_t max_keys = 4096;
};

/// Sticky facts: the newest event of each (name, key), which is the state of that key until the next; see
/// EventStore::latest. A BucketRing of one.
struct LastPerKey {
    std::size_t max_keys = 4096;
};

/// A policy of the user's own: `should_store` is asked on the emitting thread, before the event has a seq and without a
/// lock, so it must be thread-safe; false, or a throw, keeps the event nowhere. `capacity()` is read once, when the
/// policy is put to use: events kept in total. The built-in policies are descriptions, not models of this.
template <class P>
concept CustomPolicy = std::copy_constructible<P> && requires(const P& policy, const Record& record) {
    { policy.should_store(record) } -> std::same_as<bool>;
    { policy.capacity() } -> std::convertible_to<std::size_t>;
};

namespace detail {

/// A user's policy behind one signature.
struct ErasedPolicy {
    virtual ~ErasedPolicy() = default;
    virtual bool should_store(const Record& record) const = 0;
    virtual std::size_t capacity() const = 0;
};

template <class P>
struct ErasedPolicyOf final : ErasedPolicy {
    explicit ErasedPolicyOf(P held) : policy(std::move(held)) {}
    bool should_store(const Record& record) const override { return policy.should_store(record); }
    std::size_t capacity() const override { return static_cast<std::size_t>(policy.capacity()); }
    P policy;
};

}  // namespace detail

/// One of the above. Copies share a user's policy object.
class HINDSIGHT_API RetentionPolicy {
public:
    using Custom = std::shared_ptr<const detail::ErasedPolicy>;

    RetentionPolicy(SharedRing policy = {}) noexcept;
    RetentionPolicy(KeepNone policy) noexcept;
    RetentionPolicy(BucketRing policy) noexcept;
    RetentionPolicy(LastPerKey policy) noexcept;
    template <class P>
        requires(!std::same_as<P, RetentionPolicy>)
    &&CustomPolicy<P> RetentionPolicy(P policy)
        : RetentionPolicy(Custom(std::make_shared<detail::ErasedPolicyOf<P>>(std::move(policy)))) {}
    /// Refused with a readable error: what is nearly a policy.
    template <class P>
        requires(!std::same_as<P, RetentionPolicy> && !CustomPolicy<P> && requires { &P::should_store; })
    RetentionPolicy(P) {
        static_assert(CustomPolicy<P>,
                      "hindsight: a retention policy needs `bool should_store(const Record&) const` and "
                      "`std::size_t capacity() const`, and has to be copyable");
    }

    const std::variant<SharedRing, KeepNone, BucketRing, Custom>& get() const noexcept { return policy_; }

private:
    explicit RetentionPolicy(Custom policy) noexcept;

    std::variant<SharedRing, KeepNone, BucketRing, Custom> policy_;
};

/// Which events a policy is for. In a list of rules the first match wins; without one an event goes to the shared ring.
struct PolicyRule {
    Pattern pattern;
    RetentionPolicy policy;
};

/// How much history there is; every limit holds exactly after every append.
struct HistoryOptions {
    /// Records in the shared ring; 0: it keeps nothing.
    std::size_t capacity = 1000;
    /// An event with a larger payload is delivered whole and kept without its payload (`Record::truncated`).
    std::size_t max_payload_bytes = 64 * 1024;
    /// For all records together, payloads at their declared size; beyond it the oldest record of all goes.
    std::size_t max_total_bytes = 64 << 20;
    std::vector<PolicyRule> policies = {};
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/retention.ipp>
#endif
