#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/detail/completion.hpp>
#include <hindsight/detail/hold_back.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/pending_tasks.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE Hub::Hub(const CallbackOptions& options, std::shared_ptr<Ledger> ledger, MakeExecutor make_executor,
                          bool single_threaded)
    : options_(options), ledger_(std::move(ledger)), make_executor_(std::move(make_executor)),
      single_threaded_(single_threaded), pending_tasks_(std::make_shared<PendingTasks>()),
      registry_(options.max_names, options.errors == ErrorPolicy::isolate && !options.watch.unhandled),
      watches_(options.watch.times || options.watch.slow_after),
      watched_names_(options.watch.times ? std::make_unique<WatchedNames>(options.watch.max_names) : nullptr) {
    // What functions that must not fail need, while failing is harmless.
    ThreadSlot::current();
    ParkingLot::of(this);
}

HINDSIGHT_INLINE Hub::~Hub() {
    // Nobody emits any more, who would hold on to this: its thread, if it still has one, is about to end.
    if (own_timetable_) own_timetable_->end(true);
    if (own_watchdog_) own_watchdog_->stop(true);
    EventOwners::instance().remove(ledger_->origin);
}

namespace hub {

inline void require_threshold(Duration threshold, const char* option, bool single_threaded) {
    if (threshold <= Duration::zero()) throw InvalidArgument(std::string(option) + " is not above 0");
    if (single_threaded)
        throw InvalidArgument(std::string(option) + ": a single-threaded bus has no thread that could watch");
}

}  // namespace hub

HINDSIGHT_INLINE std::shared_ptr<Hub> Hub::make(const CallbackOptions& options, std::shared_ptr<Ledger> ledger,
                                                MakeExecutor make_executor, bool single_threaded) {
    if (options.max_depth == 0) throw InvalidArgument("max_depth is 0: no event could ever be emitted");
    if (options.errors > ErrorPolicy::rethrow) throw InvalidArgument("errors is no ErrorPolicy");
    if (options.watch.slow_after)
        hub::require_threshold(*options.watch.slow_after, "watch.slow_after", single_threaded);
    std::shared_ptr<Hub> hub(new Hub(options, std::move(ledger), std::move(make_executor), single_threaded));
    EventOwners::instance().add(hub->ledger_->origin, hub);
    return hub;
}

HINDSIGHT_INLINE std::shared_ptr<Executor> Hub::default_executor() {
    std::call_once(executor_made_, [this] {
        if (options_.executor) {
            executor_ = options_.executor;
        } else if (make_executor_) {
            executor_ = make_executor_();
        }
        if (!executor_) executor_ = pending_tasks_;
    });
    return executor_;
}

namespace hub {

inline void require_sense_for_inbox(const SubscribeOptions& options) {
    if (options.delivery != Delivery::queued)
        throw InvalidArgument("inbox: delivery must be queued: there is no handler to call directly");
    if (options.executor) throw InvalidArgument("inbox: it takes no executor: whoever reads it brings the thread");
    if (options.quarantine) throw InvalidArgument("inbox: it takes no quarantine: there is no handler that could fail");
    if (options.slow_after)
        throw InvalidArgument("inbox: it takes no slow_after: there is no handler that could be slow");
}

inline void require_sense_of_concurrency(const Node& node, const SubscribeOptions& options) {
    constexpr unsigned most = 4096;
    if (options.concurrency == 1) return;
    const auto fault = [&](const char* why) {
        return InvalidArgument("subscribe: concurrency is " + std::to_string(options.concurrency) + why);
    };
    if (options.concurrency == 0) throw fault(": the handler would never be called");
    if (options.concurrency > most) throw fault("; at most 4096 are allowed");
    if (node.readers) throw fault(": an inbox has no handler; any number of threads may read it");
    if (node.has(Node::coroutine)) throw fault(": a coroutine handles one event at a time");
    if (options.delivery != Delivery::queued)
        throw fault(": a direct handler runs on every thread that emits; leave it out");
}

inline void require_sense(const QuarantineOptions& options) {
    const auto fault = [](const char* what) { return InvalidArgument(std::string("subscribe: quarantine.") + what); };
    if (options.failures == 0) throw fault("failures is 0: it would be in quarantine from the start");
    if (options.failures > 64 * 1024) throw fault("failures is over 65536");
    if (options.window <= Duration::zero()) throw fault("window is not above 0");
    if (options.release_after && *options.release_after <= Duration::zero())
        throw fault("release_after is not above 0; leave it out for none");
}

inline std::uint64_t deliveries_left(const Node& node) noexcept {
    if (node.max_deliveries == 0) return no_limit;
    return node.max_deliveries - std::min(node.max_deliveries, node.claims.load(std::memory_order_relaxed));
}

}  // namespace hub

HINDSIGHT_INLINE void Hub::subscribe(Node& node, Pattern pattern, const EventType* type, SubscribeOptions&& options) {
    if (state_.load(std::memory_order_acquire) != State::open) throw Closed("subscribe: this bus is shut down");
    const EventType* const filtered_type = options.filter.payload_type();
    if (type != nullptr && filtered_type != nullptr && !is_kind_of(*type, *filtered_type) &&
        !is_kind_of(*filtered_type, *type)) {
        throw InvalidArgument("subscribe: the filter is for the type " + readable_type_name(*filtered_type) +
                              ", the subscription for " + readable_type_name(*type) + "; it would never pass anything");
    }
    const bool is_exact = filtered_type != nullptr && !filtered_type->is_base;
    if (node.observes && is_exact && !node.observes->takes(*filtered_type)) {
        throw InvalidArgument("attach: the filter is for the type " + readable_type_name(*filtered_type) +
                              ", to which the observer is not attached; it would never pass anything");
    }
    if (options.delivery > Delivery::direct) throw InvalidArgument("subscribe: delivery is no Delivery");
    if (node.readers) hub::require_sense_for_inbox(options);
    if (node.has(Node::coroutine) && options.delivery != Delivery::queued) {
        throw InvalidArgument(
            "subscribe: a coroutine needs queued delivery: a direct handler is over when emit returns");
    }
    hub::require_sense_of_concurrency(node, options);
    if (options.executor && single_threaded_) {
        throw InvalidArgument("subscribe: a single-threaded bus takes no executor; its handlers run in run_pending()");
    }
    node.name = std::move(options.name);
    node.pattern = std::move(pattern);
    node.type = type;
    node.delivery = options.delivery;
    node.priority = options.priority;
    node.max_deliveries = options.max_deliveries;
    node.owner = weak_from_this();
    node.filtered = static_cast<bool>(options.filter);
    if (node.receiver || options.max_deliveries > 0) node.flags.fetch_or(Node::limited, std::memory_order_relaxed);
    if (watches_ || options.quarantine || options.slow_after) [[unlikely]]
        watch(node, options);
    if (options_.deliveries) {
        node.observed_as = std::make_shared<const ObservedHandler>(
            ObservedHandler{node.name, std::string(node.pattern->text()), node.delivery});
        node.flags.fetch_or(Node::observed, std::memory_order_relaxed);
    }
    if (options.debounce != Duration::zero() || options.throttle != Duration::zero()) hold_back(node, options);
    node.filter = std::move(options.filter);
    node.on_lagged = std::move(options.on_lagged);
    if (options.delivery == Delivery::queued) {
        node.mailbox = std::make_unique<Mailbox>(options.mailbox);
        if (options.concurrency > 1) {
            node.mailbox->runs = std::make_unique<ConcurrentRuns>(options.concurrency);
            node.flags.fetch_or(Node::concurrent, std::memory_order_relaxed);
        }
        if (!node.readers) node.executor = options.executor ? std::move(options.executor) : default_executor();
    } else if (options.replay) {
        const MailboxOptions& mailbox = options.mailbox;
        node.mailbox =
            std::make_unique<Mailbox>(MailboxOptions{.capacity = mailbox.capacity, .hard_limit = mailbox.hard_limit});
    }
    if (options.replay) return join(node, *options.replay);
    connect(node, [] {});
}

HINDSIGHT_INLINE void Hub::use(Node& node, Pattern pattern, const EventType* type, std::string name) {
    if (state_.load(std::memory_order_acquire) != State::open) throw Closed("use: this bus is shut down");
    node.name = std::move(name);
    node.pattern = std::move(pattern);
    node.type = type;
    node.delivery = Delivery::direct;
    node.owner = weak_from_this();
    connect(node, [] {});
}

template <class F>
void Hub::connect(Node& node, F at_that_moment) {
    try {
        registry_.connect(node, at_that_moment);
    } catch (...) {
        close(node);
        throw;
    }
    // A shutdown that went over the subscriptions meanwhile has not seen this one.
    if (state_.load(std::memory_order_seq_cst) == State::closed) {
        close(node);
        throw Closed("subscribe: this bus was shut down meanwhile");
    }
}

HINDSIGHT_INLINE void Hub::unregister(Node& node) noexcept {
    if (node.attachment) return end_attachment(node);
    node.flags.fetch_or(Node::dead, std::memory_order_seq_cst);
    if (!registry_.disconnect(node)) return;
    has_ended(node);
    if (!node.mailbox) return;
    Mailbox& mailbox = *node.mailbox;
    std::unique_lock lock(ledger_->mutex);
    // What nobody has read of an inbox when the bus ends is not lost.
    const bool stays_readable = node.readers && state_.load(std::memory_order_relaxed) == State::closed;
    Envelope* const displaced = stays_readable ? mailbox.bring_in() : nullptr;
    Envelope* const held_back = std::exchange(mailbox.held_back, nullptr);
    const TimePoint reminded_at = node.hold_back ? node.hold_back->reminded_at() : TimePoint();
    mailbox.closed = true;
    if (mailbox.stage() == Mailbox::Stage::waiting) mailbox.go_to(Mailbox::Stage::idle, ledger_->waiting_mailboxes);
    mailbox.release_emitters();
    dropped_.add(ThreadSlot::current(), mailbox.dropped);
    conflated_.add(ThreadSlot::current(), mailbox.conflated);
    Mailbox::Queue queue = mailbox.take_all();
    std::unique_ptr<Backlog> backlog = std::move(mailbox.backlog);
    const bool kept = stays_readable && node.readers->keep(queue, backlog, hub::deliveries_left(node));
    lock.unlock();
    unpark_all(&mailbox.room_epoch);
    if (displaced != nullptr) finish_delivery(displaced);
    if (node.hold_back) own_timetable_->forget({.due = reminded_at, .node = &node});
    if (node.readers) node.readers->wake();
    if (kept) return;
    finish_discarded(node, std::move(backlog));
    finish_discarded(node, queue);
    finish_discarded(node, held_back);
    pending_tasks_->forget(node);
}

HINDSIGHT_INLINE void Hub::close(Node& node) noexcept {
    unregister(node);
    quiesce_later(node);
}

HINDSIGHT_INLINE void set_conversion(Hub& hub, const Conversion& conversion) {
    hub.set_conversion(conversion);
}

HINDSIGHT_INLINE std::size_t Hub::run_pending(std::size_t max) {
    if (Timetable* const table = timetable_.load(std::memory_order_acquire)) table->emit_by_hand();
    return pending_tasks_->run(max);
}

HINDSIGHT_INLINE void Hub::require_wait_can_end(const Envelope& envelope) const {
    std::vector<NodePtr> waiting;
    for (NodePtr& node : registry_.nodes()) {
        if (!node->mailbox) continue;
        bool holds = false;
        const std::lock_guard lock(ledger_->mutex);
        node->mailbox->for_each(
            [&](const Envelope& each) { holds = holds || &each == &envelope || each.original() == &envelope; });
        if (holds) waiting.push_back(std::move(node));
    }
    // The executors are user code of subscriptions that may end meanwhile.
    Frame frame(ThreadSlot::current(), *this);
    Running running(frame);
    for (const NodePtr& node : waiting) {
        if ((running.move_to(*node) & Node::dead) == 0 && node->runs_here()) {
            if (node->readers) {
                throw WouldDeadlock("Receipt::wait: the event waits in the inbox " + label_of(*node) + " of \"" +
                                    std::string(node->pattern->text()) + "\", which this very thread reads");
            }
            throw WouldDeadlock("Receipt::wait: the event waits for the handler " + label_of(*node) + " of \"" +
                                std::string(node->pattern->text()) + "\", which runs on this very thread" +
                                (node->executor == pending_tasks_ ? "; call run_pending() first" : ""));
        }
    }
}

}  // namespace hindsight::detail
