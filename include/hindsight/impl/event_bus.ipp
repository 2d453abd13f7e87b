#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/thread_slot.hpp>
#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/impl/detail/join_elsewhere.hpp>
#include <hindsight/thread_pool.hpp>

#include <memory>
#include <utility>

namespace hindsight::detail {

namespace event_bus {

inline std::shared_ptr<EventStore> take(const BusOptions& options, std::shared_ptr<EventStore> store,
                                        bool single_threaded) {
    if (single_threaded && options.executor) {
        throw InvalidArgument("EventBus: a single-threaded bus takes no executor; its handlers run in run_pending()");
    }
    if (single_threaded && options.pool.threads != 0 && options.pool.threads != per_core) {
        throw InvalidArgument("EventBus: a single-threaded bus has no pool; leave pool.threads at its default, or 0");
    }
    if (options.pool.threads != per_core) ThreadPool::require_sensible(options.pool.threads);
    if (options.drain_on_destroy < Duration::zero()) throw InvalidArgument("EventBus: drain_on_destroy is negative");
    if (!store) store = std::make_shared<EventStore>(options.history, EventStore::Threads{!single_threaded});
    return store;
}

inline CallbackOptions callback_options(const BusOptions& options) {
    return {
        .executor = options.executor,
        .clock = options.clock,
        .errors = options.errors,
        .on_error = options.on_error,
        .max_names = options.max_names,
        .max_depth = options.max_depth,
        .deliveries = options.deliveries,
        .max_scheduled = options.max_scheduled,
        .watch = options.watch,
    };
}

}  // namespace event_bus

HINDSIGHT_INLINE BusCore::Claim::Claim(EventStore& store) : store_(store) {
    if (store_.ledger()->in_a_bus.exchange(true)) {
        throw InvalidArgument("EventBus: the store belongs to another bus");
    }
}

HINDSIGHT_INLINE BusCore::Claim::~Claim() {
    store_.ledger()->in_a_bus.store(false);
}

HINDSIGHT_INLINE BusCore::BusCore(BusOptions options, std::shared_ptr<EventStore> store, bool single_threaded)
    : options_(std::move(options)), store_(event_bus::take(options_, std::move(store), single_threaded)),
      claim_(*store_), pool_(std::make_shared<OwnPool>()),
      callbacks_(event_bus::callback_options(options_), store_->ledger(),
                 single_threaded || options_.pool.threads == 0
                     ? Hub::MakeExecutor()
                     : Hub::MakeExecutor([pool = pool_, threads = options_.pool.threads] {
                           pool->threads = std::make_shared<ThreadPool>(threads);
                           return pool->threads;
                       }),
                 single_threaded) {}

HINDSIGHT_INLINE BusCore::~BusCore() {
    callbacks_.hub().end(options_.drain_on_destroy);
    std::shared_ptr<ThreadPool> threads = std::move(pool_->threads);
    const bool all_have_left = callbacks_.stop();
    if (!threads || threads->runs_here()) return;
    if (all_have_left && ThreadSlot::current().top == nullptr) {
        // The last turns may still be leaving the hub: let them go before the process goes on.
        threads->join();
    } else {
        // One of them may wait for a handler that this thread is in.
        join_elsewhere(std::move(threads), [](ThreadPool& pool) { pool.join(); });
    }
}

HINDSIGHT_INLINE std::size_t BusCore::retire(const EventType& type) {
    return callbacks_.hub().retire(type);
}

}  // namespace hindsight::detail
