// Emission: one event on its way through the hub, step by step. Lives on the stack of the emitting thread.
//
//   prepare   pin the subscribers' snapshot, make the envelope, ask filters and user policies   (user code; may throw)
//   commit    seq, history and mailboxes, in one critical section     (no user code; throws only before it changes)
//   deliver   hand filled mailboxes to executors, call direct handlers, release what was evicted   (never throws)
//
// Whatever changed between prepare and commit sends the emission back to prepare, so that it acts on one moment.
#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/snapshot.hpp>

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>

namespace hindsight::detail {

class Emission {
public:
    Emission(Hub& hub, Frame& frame, Topic& topic, bool topic_is_shared, const Draft& draft) noexcept;
    Emission(const Emission&) = delete;
    Emission& operator=(const Emission&) = delete;

    Receipt run();

private:
    enum class Commit : std::uint8_t { done, again, wait, closed };

    /// What its filter said about one node of the snapshot.
    enum class Verdict : std::uint8_t { passes, rejected, failed, gone };
    /// A full mailbox that does not make this thread wait: it grows instead, or the event is dropped there.
    struct Exemption {
        NodePtr node;
        bool may_grow;
    };
    struct Failure {
        NodePtr node;
        std::exception_ptr error;
    };

    void prepare();
    void look_up_retention();
    void make_record();
    void inherit_from(const Frame& handler, Stamp& stamp) const noexcept;
    void ask_filters();
    void ask_user_policy() noexcept;
    void reserve();

    Commit commit();
    bool is_outdated_locked() const noexcept;
    bool takes_locked(const Node& node, std::size_t index) const noexcept;
    bool find_full_mailbox_locked() noexcept;
    void record_locked(Container* container) noexcept;
    void push_locked(Node& node) noexcept;
    void wait_for_room();

    void deliver() noexcept;
    void call_direct_handlers() noexcept;
    void count_filtered() noexcept;
    Receipt receipt();

    Envelope& whole() const noexcept { return *record_.envelope(); }
    bool passes(std::size_t index) const noexcept {
        return verdicts_.empty() || verdicts_[index] == Verdict::passes;
    }
    const Exemption* exemption_of(const Node& node) const noexcept;

    Frame& frame_;
    Hub& hub_;
    Ledger& ledger_;
    Topic& topic_;
    const bool topic_is_shared_;
    const Draft& draft_;

    const Snapshot* snapshot_ = nullptr;
    Retention retention_;
    bool stores_ = false;  // it goes to history
    Record record_;                // what is delivered
    EnvelopePtr kept_;             // what history gets, if not the same: the record without its payload
    boost::container::small_vector<Verdict, 16> verdicts_;  // empty: no node has a filter
    boost::container::small_vector<Exemption, 1> exemptions_;
    boost::container::small_vector<Failure, 1> filter_failures_;
    boost::container::small_vector<std::exception_ptr, 1> handler_failures_;  // under ErrorPolicy::rethrow

    // From commit to deliver.
    boost::container::small_vector<NodePtr, 8> to_wake_;
    boost::container::small_vector<Envelope*, 8> displaced_;  // taken out of mailboxes for this one
    EvictedRecords evicted_;
    Node* full_ = nullptr;  // whose mailbox to wait for
    std::uint32_t full_epoch_ = 0;
    std::optional<Deadline> room_deadline_;
    Seq seq_ = 0;
    Outcome outcome_ = Outcome::not_kept;
    std::uint32_t matched_ = 0;
    std::uint32_t queued_ = 0;
    std::uint32_t dropped_ = 0;
};

}  // namespace hindsight::detail
