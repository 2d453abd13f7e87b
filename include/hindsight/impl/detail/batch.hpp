// Batch: several events on their way through the hub together: each goes through what an Emission takes one event
// through, but they share one critical section, and so get seqs that follow each other. Lives on the stack of the
// emitting thread.
//
//   take      make an event's envelope   (user code: copies; may throw)
//   intercept, where there is middleware: once an event   (user code; refused events are left out)
//   prepare   ask filters and user policies, once an event; make room for all that the lock needs   (may throw)
//   commit    seqs, history and mailboxes, in one critical section   (no user code; throws only before it changes)
//   deliver   hand filled mailboxes to executors, call direct handlers, event by event   (never throws)
//
// Events of one C++ type have one topic, unless they name themselves. The snapshot of a single topic stays pinned in
// the frame's cell. With several topics a thread cannot pin all of their snapshots at once, so it copies them; the
// registry's version tells then whether they are still true.
#pragma once

#include <hindsight/batch_receipt.hpp>
#include <hindsight/detail/draft_source.hpp>
#include <hindsight/detail/history.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/impl/detail/converted.hpp>
#include <hindsight/impl/detail/filtering.hpp>
#include <hindsight/impl/detail/policy_answer.hpp>
#include <hindsight/impl/detail/room_wait.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace hindsight::detail {

class Batch final : public DraftTaker {
public:
    /// `scope`: that the drafts are for; null for the bus itself.
    Batch(Hub& hub, Frame& frame, std::size_t expected, ScopeEntry* scope);
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    void take(const Draft& draft) override;
    void run(BatchReceipt& receipt);

private:
    enum class Commit : std::uint8_t { done, again, wait, closed };

    /// The events of one topic.
    struct Group {
        Topic* topic = nullptr;
        std::unique_ptr<Topic> owned;  // where no one else has it
        const Snapshot* seen = nullptr;
        std::optional<Snapshot> copy;
        std::uint64_t history_version = 0;
        Topic::Keeping keeping = Topic::Keeping::none;  // at that version
        std::vector<std::size_t> queued;                // of its subscribers, by their places in `mailboxes_`
        std::size_t count = 0;
        std::size_t largest = 0;  // payload

        const Snapshot& subscribers() const noexcept { return copy ? *copy : *seen; }
    };
    /// What most events have none of.
    struct Answers {
        EnvelopePtr shortened;  // what history gets, without a payload that is too large
        Converted converted;
        std::optional<Filtering> filtering;
        PolicyAnswer policy;
    };
    struct Item {
        Record record;
        std::uint32_t group = 0;
        std::uint32_t queued = 0;
        std::uint32_t matched = 0;  // unless they are alike
        std::size_t index = 0;      // in the range
        bool intercepted = false;
        bool stores = false;
        std::unique_ptr<Answers> answers = {};

        Envelope& whole() const noexcept { return *record.envelope(); }
        Envelope& kept() const noexcept { return answers && answers->shortened ? *answers->shortened : whole(); }
        bool passes(std::size_t subscriber) const noexcept {
            return !answers || !answers->filtering || answers->filtering->passes(subscriber);
        }
        Answers& need_answers() {
            if (!answers) answers = std::make_unique<Answers>();
            return *answers;
        }
    };
    /// A queued subscriber of some of the events.
    struct Taker {
        NodePtr node;
        std::size_t count = 0;  // events that are for it
        std::size_t queued = 0;
        // Settled under the lock.
        bool takes = false;
        bool paused = false;
        bool drops = false;
        bool to_wake = false;
    };
    /// What history has reserved for these events, until the end of the critical section.
    class Reservation;

    std::uint32_t group_of(const Draft& draft);
    void look_at_subscribers();
    /// Whether some went through middleware, so that subscribers are to be looked at again.
    bool intercept(BatchReceipt& receipt);
    bool intercept(Item& item, BatchReceipt& receipt);
    void amend(Item& item, const Draft& draft);
    void prepare();
    bool is_alike(const Group& group) const noexcept;
    void prepare(Item& item);
    void choose_takers();
    Commit commit(BatchReceipt& receipt);
    bool is_outdated_locked() const noexcept;
    bool settle_takers_locked() noexcept;
    std::size_t append_locked(Seq first) noexcept HINDSIGHT_REQUIRES(ledger_.mutex);
    void push_locked() noexcept HINDSIGHT_REQUIRES(ledger_.mutex);
    void push_alike_locked() noexcept HINDSIGHT_REQUIRES(ledger_.mutex);
    void push_locked(Item& item) noexcept HINDSIGHT_REQUIRES(ledger_.mutex);
    bool push_locked(Taker& taker, Envelope& envelope) noexcept;
    void settle_stage_locked(Taker& taker) noexcept HINDSIGHT_REQUIRES(ledger_.mutex);
    void deliver(BatchReceipt& receipt) noexcept;
    void call_direct_handlers(BatchReceipt& receipt) noexcept;
    void finish(BatchReceipt& receipt);
    BatchHandlerFailed failure_of(BatchReceipt& receipt) noexcept;

    Hub& hub_;
    Ledger& ledger_;
    Frame& frame_;
    ScopeEntry* const scope_;
    TimePoint time_{};  // of all events that are given none
    std::vector<Group> groups_;
    std::unordered_map<const Topic*, std::uint32_t> groups_by_topic_;  // where they name themselves
    std::uint64_t subscriptions_ = 0;  // the registry's version, where snapshots are copied
    std::vector<Item> items_;
    std::size_t taken_ = 0;
    bool alike_ = false;      // nothing is asked about any event: what is done with one is done with all
    EvictedRecords evicted_;  // by these events
    std::vector<Taker> takers_;
    std::unordered_map<const Node*, std::size_t> takers_by_node_;  // where there are several topics
    TimePoint now_{};                                              // where some of them hold events back
    std::vector<Envelope*> displaced_;                             // taken out of mailboxes for these
    std::vector<Record> awaited_;
    std::vector<std::exception_ptr> failures_;
    std::uint64_t dropped_ = 0;
    RoomWait room_;
};

}  // namespace hindsight::detail
