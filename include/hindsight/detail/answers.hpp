// Answers: what has come back to one question so far, shared by who asks and those who reply.
//
// A question carries the number of its request in its metadata, so that those who reply find its Answers; who asks owns
// them, and a number that is found no more belongs to a request that is over. While the question's emit looks for
// subscribers, the filter of each replier enters it here; a replier that comes to its end says so, after its reply or
// failure. So a request knows that nobody replies, and when all have, without waiting for others that the question is
// for. A replier that never gets the question (dropped, disconnected) says nothing: then all deliveries of the question
// have ended, which its envelope knows (completion.hpp).
//
// Everything is guarded by one mutex. Waiters park at the address of the question's envelope, which is where the end of
// its deliveries wakes them; whoever adds something does so under the mutex, unlocks it, and wakes them too.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/receipt.hpp>
#include <hindsight/record.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::detail {

class Hub;
struct ScopeHandle;

class HINDSIGHT_API Answers {
public:
    /// When a request has what it waits for: with the first reply, or when every replier has come to its end.
    enum class Until : std::uint8_t { first, all };

    /// Emits the question with a number, and with a correlation if it has none. `reply`: the type that is asked for;
    /// `scope`: null for the bus itself. Throws InvalidArgument for a negative timeout, and what `emit` throws.
    static std::shared_ptr<Answers> ask(Hub& hub, const ScopeHandle* scope, const Draft& question,
                                        const EventType& reply, Duration timeout, Until until);
    Answers(const Answers&) = delete;
    Answers& operator=(const Answers&) = delete;
    /// From here on the number is found no more.
    ~Answers();

    /// What the emit of the question has returned. Fixed once `ask` has returned.
    const Receipt& receipt() const noexcept { return receipt_; }
    /// Until when it waits.
    Deadline deadline() const noexcept { return deadline_; }

    /// Whether there is nothing left to wait for; what comes after the deadline is too late from then on.
    bool settled() noexcept;
    /// Whether every replier has come to its end.
    bool complete() const noexcept;
    /// Blocks until it is settled or the deadline is over; whether it is. Throws WouldDeadlock.
    bool wait(Deadline deadline);
    /// The address to park at, where whoever parks is woken. Only while it is not settled.
    const void* await() const noexcept;

    /// Of a settled one: throws what there is instead of a reply.
    Record first() const;
    /// Of a settled one: all that have come in time, in seq order; throws where there can be none.
    std::vector<Record> all() const;
    std::vector<std::exception_ptr> failures() const;

    // For those who reply.

    /// `node` is asked to reply.
    void enter(Node& node);
    /// False: nobody waits for it any more.
    bool add(const Record& reply);
    void fail(std::exception_ptr error);
    /// `node` has come to its end.
    void leave(const Node& node) noexcept;

private:
    struct Replier {
        const Node* id() const noexcept { return node.get(); }

        NodePtr node;
        bool ended = false;
    };

    Answers(Hub& hub, std::string_view question, const EventType& reply, Duration timeout, Until until);
    bool all_ended_locked() const noexcept HINDSIGHT_REQUIRES(mutex_);
    bool has_all_locked() const noexcept HINDSIGHT_REQUIRES(mutex_);
    void wake() noexcept;
    /// Throws where no reply can be expected: the question was refused, or there is nobody.
    void require_repliers_locked() const HINDSIGHT_REQUIRES(mutex_);
    void require_wait_can_end() const;

    const std::weak_ptr<Hub> hub_;
    const EventType& reply_;
    const Deadline deadline_;
    const Until until_;
    const std::uint64_t number_;
    const std::string name_;  // of the question
    Receipt receipt_;

    mutable std::mutex mutex_;
    bool asked_ HINDSIGHT_GUARDED_BY(mutex_) = false;  // the emit has returned; until then every reply is in time
    const Envelope* question_ HINDSIGHT_GUARDED_BY(mutex_) =
        nullptr;  // from then on, if there is somebody to wait for: where waiters park
    std::vector<Replier> repliers_ HINDSIGHT_GUARDED_BY(mutex_);
    std::vector<Record> replies_ HINDSIGHT_GUARDED_BY(mutex_);
    std::vector<std::exception_ptr> failures_ HINDSIGHT_GUARDED_BY(mutex_);
    bool over_ HINDSIGHT_GUARDED_BY(mutex_) = false;  // by the deadline
};

/// For the filter of a replier: this thread asks it to reply.
HINDSIGHT_API void enter_replier(const Record& question);

/// One run of a replier.
class HINDSIGHT_API Replying {
public:
    /// Inside the handler of the subscription that replies.
    Replying(Hub& hub, const Record& question);
    Replying(const Replying&) = delete;
    Replying& operator=(const Replying&) = delete;
    ~Replying();

    /// Emits the reply that `make()` returns.
    template <class Make>
    void reply_with(Make make) {
        try {
            const EmitOptions options{.source = source()};
            with_draft(make(), options, [this](const Draft& reply) { emit(reply); });
        } catch (...) {
            fail();
            throw;
        }
    }
    /// The exception that is being handled has come instead of a reply.
    void fail();

private:
    std::string_view source() const noexcept { return node_->name; }
    void emit(const Draft& given);
    void hand_over(const Record& reply);

    Hub& hub_;
    const Record& question_;
    const NodePtr node_;
    const std::shared_ptr<Answers> answers_;  // null: the question is no request, or one that is over
    bool replied_ = false;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/answers.ipp>
#endif
