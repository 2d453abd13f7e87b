#pragma once

#include <hindsight/callback_manager.hpp>
#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/quiescence.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/connecting.hpp>

#include <string>
#include <utility>

namespace hindsight {

HINDSIGHT_INLINE CallbackManager::CallbackManager(const CallbackOptions& options)
    : CallbackManager(options,
                      std::make_shared<detail::Ledger>(HistoryOptions{.capacity = 0}, true, detail::random_origin()),
                      {}, false) {}

HINDSIGHT_INLINE
CallbackManager::CallbackManager(const CallbackOptions& options, std::shared_ptr<detail::Ledger> ledger,
                                 std::function<std::shared_ptr<Executor>()> make_executor, bool single_threaded)
    : hub_(detail::Hub::make(options, std::move(ledger), std::move(make_executor), single_threaded)) {}

HINDSIGHT_INLINE CallbackManager::~CallbackManager() {
    stop();
}

HINDSIGHT_INLINE bool CallbackManager::stop() noexcept {
    if (!hub_) return true;
    const bool all = hub_->stop();
    detail::let_go(std::move(hub_));
    return all;
}

HINDSIGHT_INLINE Subscription CallbackManager::connect(detail::NodePtr node, Pattern* pattern,
                                                       const detail::EventType* type, SubscribeOptions&& options) {
    if (!node) throw InvalidArgument("subscribe: the handler is null");
    hub_->subscribe(*node, detail::taken_or_of(pattern, type), type, std::move(options));
    return Subscription(std::move(node));
}

HINDSIGHT_INLINE Subscription CallbackManager::attach_draft(detail::ObserverDraft&& observer,
                                                            const SubscribeOptions& options) {
    return Subscription(hub_->attach(std::move(observer), options));
}

HINDSIGHT_INLINE detail::NodePtr CallbackManager::connect_inbox(Pattern* pattern, const detail::EventType* type,
                                                                SubscribeOptions&& options) {
    detail::NodePtr node = detail::make_inbox_node(*hub_);
    hub_->subscribe(*node, detail::taken_or_of(pattern, type), type, std::move(options));
    return node;
}

HINDSIGHT_INLINE Middleware CallbackManager::use_node(detail::NodePtr node, Pattern* pattern,
                                                      const detail::EventType* type, MiddlewareOptions&& options) {
    if (!node) throw InvalidArgument("use: the middleware is null");
    hub_->use(*node, detail::taken_or_of(pattern, type), type, std::move(options.name));
    return Middleware(std::move(node));
}

HINDSIGHT_INLINE Scope CallbackManager::scope() {
    return Scope(*hub_, std::nullopt);
}

HINDSIGHT_INLINE Scope CallbackManager::scope(std::string_view name) {
    return Scope(*hub_, name);
}

HINDSIGHT_INLINE std::size_t CallbackManager::run_pending(std::size_t max) {
    const std::shared_ptr<detail::Hub> hub = hub_;  // a handler may destroy this
    return hub->run_pending(max);
}

HINDSIGHT_INLINE ShutdownReport CallbackManager::shutdown(Duration timeout) {
    const std::shared_ptr<detail::Hub> hub = hub_;  // a handler may destroy this
    return hub->shutdown(timeout);
}

HINDSIGHT_INLINE Statistics CallbackManager::stats() const {
    return hub_->stats();
}

HINDSIGHT_INLINE void CallbackManager::reset_stats() noexcept {
    hub_->reset_stats();
}

HINDSIGHT_INLINE std::size_t CallbackManager::subscription_count() const {
    return hub_->subscription_count({});
}

HINDSIGHT_INLINE std::size_t CallbackManager::subscription_count(std::string_view pattern) const {
    return hub_->subscription_count(pattern);
}

HINDSIGHT_INLINE TimePoint CallbackManager::now() const noexcept {
    return hub_->now();
}

HINDSIGHT_INLINE void detail::throw_null_observer() {
    throw InvalidArgument("attach: the observer is null, or gone");
}

HINDSIGHT_INLINE void detail::throw_null_receiver() {
    throw InvalidArgument("subscribe: the receiver is null");
}

}  // namespace hindsight
