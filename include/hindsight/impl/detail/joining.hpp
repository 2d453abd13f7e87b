// Joining: a subscription that gets the past first, on its way in. Lives on the stack of the subscribing thread.
//
//   capture   take the records of history, in the same hold of the ledger's lock that divides all events into those
//             that it has and those that will see the subscriber   (no user code; may throw, nothing has changed then)
//   choose    ask the filter, convert, and pick the newest ones         (user code, without a lock; never throws)
//   install   hand them to the mailbox, before all that has come into it meanwhile    (from here on: never throws)
//
// Its mailbox is in turn from the capture on, so nobody delivers before the past is there. Then a queued subscription's
// mailbox goes to its executor; that of a direct one is emptied by Hub::catch_up.
#pragma once

#include <hindsight/detail/backlog.hpp>
#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/impl/detail/query_condition.hpp>
#include <hindsight/replay.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace hindsight::detail {

class Joining {
public:
    /// Throws std::bad_alloc.
    Joining(Hub& hub, Frame& frame, Node& node, const Replay& replay);
    Joining(const Joining&) = delete;
    Joining& operator=(const Joining&) = delete;

    void capture();
    void choose() noexcept;
    /// False: the subscription has ended meanwhile.
    bool install() noexcept;

private:
    template <class F>
    bool is_open(F then_locked) noexcept;
    /// Asks the filter, and converts dynamic events.
    void choose_one_by_one() noexcept;
    bool is_of_right_type(const Envelope& envelope) const noexcept;
    /// The type as which the subscription takes a dynamic event; null: it does not.
    const EventType* converted_type(const Envelope& envelope) const noexcept;
    bool is_to_be_converted(const Envelope& envelope) const noexcept;
    /// Puts the event as the subscription sees it in the place of a dynamic one; false: it does not convert.
    bool convert(EnvelopePtr& dynamic) noexcept;
    bool passes_filter(const Record& record) noexcept;
    void pick_newest_per_key() noexcept;
    Lagged let_go_locked() const noexcept HINDSIGHT_REQUIRES(ledger_.mutex);

    Hub& hub_;
    Ledger& ledger_;
    Frame& frame_;
    Node& node_;
    const Replay replay_;
    const Query query_;
    const QueryCondition condition_;
    const Conversion conversion_;  // of dynamic events; known where it is needed

    std::unique_ptr<Backlog> backlog_;
    std::vector<EnvelopePtr> records_;
    std::size_t chosen_ = 0;  // the first ones
    std::size_t rejected_ = 0;
    bool converts_ = false;  // some of them are dynamic events
};

}  // namespace hindsight::detail
