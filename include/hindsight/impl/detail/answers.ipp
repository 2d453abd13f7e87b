#pragma once

#include <hindsight/detail/answers.hpp>
#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/error_text.hpp>
#include <hindsight/impl/detail/inherit.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>
#include <hindsight/impl/detail/open_requests.hpp>
#include <hindsight/scope.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace hindsight::detail {

namespace answers {

inline Deadline checked_deadline(Duration timeout) {
    if (timeout < Duration::zero())
        throw InvalidArgument("request: the timeout is negative: " + std::to_string(timeout.count()) + " ns");
    return deadline_after(timeout);
}

/// Emits the question with its request's number.
inline void emit_question(Hub& hub, const ScopeHandle* scope, const Draft& given, std::uint64_t number,
                          Receipt& receipt) {
    const std::string text = OpenRequests::text_of(number);
    std::vector<Draft::Metadata::value_type> entries(given.metadata().begin(), given.metadata().end());
    entries.emplace_back(request_metadata, text);
    const Draft::Metadata metadata(entries);
    Draft::Texts own = given.own != nullptr ? *given.own : Draft::Texts{};
    own.metadata = &metadata;

    Stamp inherited;
    inherit(inherited, ThreadSlot::current().top, hub);
    EmitOptions options = given.options;
    if (options.correlation.empty() && inherited.correlation.empty()) options.correlation = text;
    const Draft question{.type = given.type,
                         .event = given.event,
                         .payload_bytes = given.payload_bytes,
                         .options = options,
                         .own = &own,
                         .brief = false,
                         .may_move = given.may_move};
    if (scope != nullptr) {
        emit_in(scope, question, receipt);
    } else {
        emit(hub, question, receipt);
    }
}

inline std::shared_ptr<Answers> of(const Record& question) {
    const std::optional<std::uint64_t> number = OpenRequests::number_of(question);
    return number ? OpenRequests::instance().find(*number) : nullptr;
}

inline bool is_over(const Receipt& receipt) noexcept {
    return !receipt.envelope || is_complete(*receipt.envelope);
}

}  // namespace answers

HINDSIGHT_INLINE Answers::Answers(Hub& hub, std::string_view question, const EventType& reply, Duration timeout,
                                  Until until)
    : hub_(hub.weak_from_this()), reply_(reply), deadline_(answers::checked_deadline(timeout)), until_(until),
      number_(OpenRequests::instance().next_number()), name_(question) {}

HINDSIGHT_INLINE Answers::~Answers() {
    OpenRequests::instance().remove(number_);
}

HINDSIGHT_INLINE std::shared_ptr<Answers> Answers::ask(Hub& hub, const ScopeHandle* scope, const Draft& question,
                                                       const EventType& reply, Duration timeout, Until until) {
    std::shared_ptr<Answers> answers(new Answers(hub, question.name(), reply, timeout, until));
    OpenRequests::instance().add(answers->number_, answers);
    answers::emit_question(hub, scope, question, answers->number_, answers->receipt_);
    const std::lock_guard lock(answers->mutex_);
    answers->asked_ = true;
    answers->question_ = answers->receipt_.envelope.get();
    return answers;
}

HINDSIGHT_INLINE bool Answers::all_ended_locked() const noexcept {
    return std::ranges::all_of(repliers_, &Replier::ended);
}

HINDSIGHT_INLINE bool Answers::has_all_locked() const noexcept {
    return (until_ == Until::first && !replies_.empty()) || all_ended_locked();
}

HINDSIGHT_INLINE bool Answers::settled() noexcept {
    // Looked at first: what has come before the deliveries ended is here by then.
    const bool delivered = answers::is_over(receipt_);
    const std::lock_guard lock(mutex_);
    if (over_ || delivered || has_all_locked()) return true;
    over_ = std::chrono::steady_clock::now() >= deadline_;
    return over_;
}

HINDSIGHT_INLINE bool Answers::complete() const noexcept {
    const bool delivered = answers::is_over(receipt_);
    const std::lock_guard lock(mutex_);
    return delivered || all_ended_locked();
}

HINDSIGHT_INLINE const void* Answers::await() const noexcept {
    tell_of_completion(*receipt_.envelope);
    return receipt_.envelope.get();
}

HINDSIGHT_INLINE bool Answers::wait(Deadline deadline) {
    if (settled()) return true;
    if (ThreadSlot::current().top != nullptr) {
        throw WouldDeadlock("waiting for a reply inside a handler, filter or policy: those that wait for each other "
                            "would never return");
    }
    require_wait_can_end();
    return park_until(await(), std::min(deadline, deadline_), [this] { return settled(); });
}

HINDSIGHT_INLINE void Answers::require_wait_can_end() const {
    const std::shared_ptr<Hub> hub = hub_.lock();
    if (!hub) return;  // and has ended all deliveries
    std::vector<NodePtr> waiting;
    {
        const std::lock_guard lock(mutex_);
        for (const Replier& each : repliers_) {
            if (!each.ended) waiting.push_back(each.node);
        }
    }
    // The executors are user code of subscriptions that may end meanwhile.
    Frame frame(ThreadSlot::current(), *hub);
    Running running(frame);
    for (const NodePtr& node : waiting) {
        if ((running.move_to(*node) & Node::dead) == 0 && node->runs_here()) {
            throw WouldDeadlock("waiting for a reply: one who replies to \"" + std::string(node->pattern->text()) +
                                "\" runs on this very thread; without a pool, call run_pending() first");
        }
    }
}

HINDSIGHT_INLINE void Answers::require_repliers_locked() const {
    const std::string request = "request \"" + name_ + "\": ";
    if (receipt_.outcome == Outcome::closed) throw Closed(request + "this bus is shut down, or the scope has ended");
    if (!receipt_) throw RequestRefused(request + "the question was refused", receipt_);
    if (repliers_.empty()) throw NoHandler(request + "nobody replies to it");
}

HINDSIGHT_INLINE Record Answers::first() const {
    const std::lock_guard lock(mutex_);
    if (!replies_.empty()) return replies_.front();
    require_repliers_locked();
    const std::string request = "request \"" + name_ + "\": ";
    if (!failures_.empty()) throw ReplyFailed(request + text_of(failures_.front()), failures_.front());
    if (over_) throw RequestTimedOut(request + "no reply in time");
    const std::shared_ptr<Hub> hub = hub_.lock();
    if (!hub || hub->is_closed()) throw Closed(request + "the bus was shut down before anybody had replied");
    throw NoHandler(request + "whoever replies to it has been ended, or was full, before it came to this question");
}

HINDSIGHT_INLINE std::vector<Record> Answers::all() const {
    const std::lock_guard lock(mutex_);
    require_repliers_locked();
    std::vector<Record> sorted = replies_;
    std::ranges::sort(sorted, {}, &Record::seq);
    return sorted;
}

HINDSIGHT_INLINE std::vector<std::exception_ptr> Answers::failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
}

HINDSIGHT_INLINE void Answers::enter(Node& node) {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(repliers_, &node, &Replier::id) != repliers_.end()) return;
    repliers_.push_back({NodePtr::share(node)});
}

HINDSIGHT_INLINE bool Answers::add(const Record& reply) {
    if (!same_type(*reply.envelope()->type, reply_)) {
        fail(std::make_exception_ptr(BadEventCast("the reply is a \"" + std::string(reply.name()) +
                                                  "\", and asked for was a \"" + std::string(reply_.name) + "\"")));
        return true;
    }
    {
        const std::lock_guard lock(mutex_);
        const bool in_time = !asked_ || (!over_ && std::chrono::steady_clock::now() < deadline_);
        if (!in_time || (until_ == Until::first && !replies_.empty())) return false;
        replies_.push_back(reply);
    }
    wake();
    return true;
}

HINDSIGHT_INLINE void Answers::fail(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!over_) failures_.push_back(std::move(error));
}

HINDSIGHT_INLINE void Answers::leave(const Node& node) noexcept {
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::ranges::find(repliers_, &node, &Replier::id);
        if (found == repliers_.end()) return;
        found->ended = true;
    }
    wake();
}

HINDSIGHT_INLINE void Answers::wake() noexcept {
    const void* address = nullptr;
    {
        const std::lock_guard lock(mutex_);
        address = question_;
    }
    if (address != nullptr) unpark_all(address);
}

HINDSIGHT_INLINE void enter_replier(const Record& question) {
    const std::shared_ptr<Answers> answers = answers::of(question);
    if (answers) answers->enter(*ThreadSlot::current().top->node());
}

HINDSIGHT_INLINE Replying::Replying(Hub& hub, const Record& question)
    : hub_(hub), question_(question), node_(NodePtr::share(*ThreadSlot::current().top->node())),
      answers_(answers::of(question)) {}

HINDSIGHT_INLINE Replying::~Replying() {
    if (answers_) answers_->leave(*node_);
}

HINDSIGHT_INLINE void Replying::fail() {
    if (answers_ && !replied_) answers_->fail(std::current_exception());
}

HINDSIGHT_INLINE void Replying::emit(const Draft& given) {
    ThreadSlot& slot = ThreadSlot::current();
    check(given);
    Draft::Texts scoped = given.own != nullptr ? *given.own : Draft::Texts{};
    scoped.scope = question_.scope();
    const Draft reply{.type = given.type,
                      .event = given.event,
                      .payload_bytes = given.payload_bytes,
                      .options = given.options,
                      .own = &scoped,
                      .brief = false,
                      .may_move = given.may_move};
    Stamp stamp = stamp_of(reply, time_of(reply, [this] { return hub_.now(); }), hub_.ledger().origin);
    inherit(stamp, slot.top, hub_);
    EnvelopePtr made = make_envelope(reply, stamp, slot);
    const Draft::Texts own{.name = made->name(), .key = made->key(), .scope = made->scope()};
    const Draft draft{.type = reply.type,
                      .event = made->payload(),
                      .payload_bytes = reply.payload_bytes,
                      .options = default_emit_options,
                      .own = &own,
                      .brief = false,
                      .may_move = false};
    Receipt receipt;
    Record emitted;
    try {
        hub_.emit_made(draft, std::move(made), receipt, &emitted);
    } catch (const HandlerFailed&) {  // of handlers of the reply
        hand_over(emitted);
        throw;
    }
    if (!receipt) throw RequestRefused("the reply \"" + std::string(reply.name()) + "\" was refused", receipt);
    hand_over(emitted);
}

HINDSIGHT_INLINE void Replying::hand_over(const Record& reply) {
    replied_ = true;
    if (answers_ && answers_->add(reply)) return;
    if (OpenRequests::number_of(question_)) hub_.count_late_reply();
}

}  // namespace hindsight::detail
