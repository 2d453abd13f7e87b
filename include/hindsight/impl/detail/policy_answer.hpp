// PolicyAnswer: whether a user's retention policy stores one event. It is asked once an event, however often other
// things change meanwhile: it may itself be what changes them.
#pragma once

#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/retention_rule.hpp>
#include <hindsight/detail/topic.hpp>
#include <hindsight/record.hpp>

#include <cstdint>
#include <mutex>

namespace hindsight::detail {

class PolicyAnswer {
public:
    /// Whether the topic's policy, as it is now, stores the record: user code, without a lock. `version`: that of the
    /// history that was asked.
    bool ask(Ledger& ledger, Topic& topic, const Record& record, std::uint64_t& version) noexcept {
        RetentionPolicy::Custom policy;
        bool stores = false;
        {
            const std::lock_guard lock(ledger.mutex);
            topic.look_up_retention_locked(ledger);
            version = ledger.history_version.load(std::memory_order_relaxed);
            stores = topic.rule->kind != RetentionRule::Kind::none;
            const auto* custom = std::get_if<RetentionPolicy::Custom>(&topic.rule->policy.get());
            if (custom != nullptr) policy = *custom;
        }
        if (policy == nullptr) return stores;
        if (policy != asked_) {
            asked_ = policy;
            try {
                stores_ = policy->should_store(record);
            } catch (...) {
                stores_ = false;  // kept nowhere, and counted as refused
            }
        }
        return stores && stores_;
    }

private:
    RetentionPolicy::Custom asked_;
    bool stores_ = false;
};

}  // namespace hindsight::detail
