#pragma once

#include <hindsight/detail/hub.hpp>
#include <hindsight/detail/observer_types.hpp>
#include <hindsight/detail/schedule.hpp>
#include <hindsight/detail/scope_entry.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/connecting.hpp>
#include <hindsight/scope.hpp>

#include <string>
#include <utility>

namespace hindsight {

namespace scope {

inline const detail::ScopeHandle& require(const detail::ScopeHandle* handle, const char* what) {
    if (handle == nullptr)
        throw InvalidArgument(std::string(what) + ": this scope is empty: its handle was moved from");
    return *handle;
}

/// The bus and the scope, for as long as something is done with them: user code may end both.
struct Use {
    Use(const detail::ScopeHandle* handle, const char* what)
        : entry(require(handle, what).entry), hub(handle->hub.lock()) {
        if (!hub) throw Closed(std::string(what) + ": the bus of the scope \"" + *entry->name + "\" is gone");
        if (handle->ended) throw Closed(std::string(what) + ": the scope \"" + *entry->name + "\" has ended");
    }

    std::shared_ptr<detail::ScopeEntry> entry;
    std::shared_ptr<detail::Hub> hub;
};

/// A draft that says the scope.
class ScopedDraft {
public:
    ScopedDraft(const detail::Draft& draft, std::string_view scope) noexcept
        : own_(draft.own != nullptr ? *draft.own : detail::Draft::Texts{}), draft_(draft) {
        own_.scope = scope;
        draft_.own = &own_;
        draft_.brief = draft_.simple = false;
    }
    ScopedDraft(const ScopedDraft&) = delete;
    ScopedDraft& operator=(const ScopedDraft&) = delete;

    const detail::Draft& draft() const noexcept { return draft_; }

private:
    detail::Draft::Texts own_;
    detail::Draft draft_;
};

/// Drafts that say the scope.
class ScopedDrafts final : public detail::DraftSource {
public:
    ScopedDrafts(const detail::DraftSource& drafts, std::string_view scope) noexcept : drafts_(drafts), scope_(scope) {
        expected = drafts.expected;
    }

    void give_to(detail::DraftTaker& taker) const override {
        Scoping scoping(taker, scope_);
        drafts_.give_to(scoping);
    }

private:
    struct Scoping final : detail::DraftTaker {
        Scoping(detail::DraftTaker& taker_, std::string_view scope_) noexcept : taker(taker_), scope(scope_) {}
        void take(const detail::Draft& draft) override { taker.take(ScopedDraft(draft, scope).draft()); }

        detail::DraftTaker& taker;
        std::string_view scope;
    };

    const detail::DraftSource& drafts_;
    std::string_view scope_;
};

}  // namespace scope

HINDSIGHT_INLINE Scope::Scope() noexcept = default;
HINDSIGHT_INLINE Scope::Scope(Scope&& other) noexcept = default;
HINDSIGHT_INLINE Scope::Scope(std::shared_ptr<detail::ScopeHandle> handle) noexcept : handle_(std::move(handle)) {}
HINDSIGHT_INLINE Scope::Scope(detail::Hub& hub, std::optional<std::string_view> name)
    : handle_(hub.open_scope(name, nullptr)) {}

HINDSIGHT_INLINE Scope& Scope::operator=(Scope&& other) noexcept {
    const Scope old(std::move(*this));
    handle_ = std::move(other.handle_);
    return *this;
}

HINDSIGHT_INLINE Scope::~Scope() {
    end();
}

HINDSIGHT_INLINE void Scope::end() noexcept {
    const std::shared_ptr<detail::ScopeHandle> handle = std::move(handle_);
    if (!handle) return;
    if (const std::shared_ptr<detail::Hub> hub = handle->hub.lock()) hub->end_scope(*handle);
}

HINDSIGHT_INLINE bool Scope::open() const noexcept {
    return handle_ && !handle_->ended && !handle_->hub.expired();
}

HINDSIGHT_INLINE std::string_view Scope::name() const noexcept {
    return handle_ ? std::string_view(*handle_->entry->name) : std::string_view();
}

HINDSIGHT_INLINE Scope Scope::make(std::optional<std::string_view> name) const {
    const scope::Use use(handle_.get(), "scope");
    return Scope(use.hub->open_scope(name, handle_.get()));
}

HINDSIGHT_INLINE ScopeHistory Scope::history() const {
    const detail::ScopeHandle& handle = scope::require(handle_.get(), "history");
    const std::shared_ptr<detail::Hub> hub = handle.hub.lock();
    if (!hub) throw Closed("history: the bus of the scope \"" + *handle.entry->name + "\" is gone");
    return {hub->shared_ledger(), *handle.entry->name};
}

HINDSIGHT_INLINE void detail::emit_in(const ScopeHandle* scope, const Draft& draft, Receipt& receipt) {
    const std::shared_ptr<ScopeEntry> entry = scope::require(scope, "emit").entry;  // a handler may end the handle
    const std::shared_ptr<Hub> hub = scope->hub.lock();
    if (!hub) return;
    const scope::ScopedDraft scoped(draft, *entry->name);
    hub->emit_in(*scope, scoped.draft(), receipt);
}

HINDSIGHT_INLINE void detail::emit_many_in(const ScopeHandle* scope, const DraftSource& source, BatchReceipt& receipt) {
    const std::shared_ptr<ScopeEntry> entry = scope::require(scope, "emit_many").entry;
    const std::shared_ptr<Hub> hub = scope->hub.lock();
    if (!hub) return;
    hub->emit_many(scope::ScopedDrafts(source, *entry->name), receipt, scope);
}

HINDSIGHT_INLINE Scheduled detail::schedule_in(const ScopeHandle* scope, const Draft& draft, const When& when) {
    const scope::Use use(scope, "an event cannot be scheduled");
    const scope::ScopedDraft scoped(draft, *use.entry->name);
    Scheduled scheduled = use.hub->schedule(scoped.draft(), when);
    // Who has ended the scope meanwhile has not seen this one.
    if (scope->ended && scheduled.cancel()) {
        throw Closed("an event cannot be scheduled: the scope \"" + *use.entry->name + "\" has ended meanwhile");
    }
    return scheduled;
}

HINDSIGHT_INLINE std::shared_ptr<detail::Hub> Scope::bus_for(const char* what) const {
    return scope::Use(handle_.get(), what).hub;
}

HINDSIGHT_INLINE Subscription Scope::connect(detail::NodePtr node, Pattern* pattern, const detail::EventType* type,
                                             SubscribeOptions&& options) const {
    const scope::Use use(handle_.get(), "subscribe");
    if (!node) throw InvalidArgument("subscribe: the handler is null");
    detail::put_into(*use.entry, *node);
    use.hub->subscribe(*node, detail::taken_or_of(pattern, type), type, std::move(options));
    return Subscription(std::move(node));
}

HINDSIGHT_INLINE Subscription Scope::attach_draft(detail::ObserverDraft&& observer,
                                                  const SubscribeOptions& options) const {
    const scope::Use use(handle_.get(), "attach");
    observer.scope = use.entry.get();
    return Subscription(use.hub->attach(std::move(observer), options));
}

HINDSIGHT_INLINE detail::NodePtr Scope::connect_inbox(Pattern* pattern, const detail::EventType* type,
                                                      SubscribeOptions&& options) const {
    const scope::Use use(handle_.get(), "inbox");
    detail::NodePtr node = detail::make_inbox_node(*use.hub);
    detail::put_into(*use.entry, *node);
    use.hub->subscribe(*node, detail::taken_or_of(pattern, type), type, std::move(options));
    return node;
}

HINDSIGHT_INLINE Middleware Scope::use_node(detail::NodePtr node, Pattern* pattern, const detail::EventType* type,
                                            MiddlewareOptions&& options) const {
    const scope::Use use(handle_.get(), "use");
    if (!node) throw InvalidArgument("use: the middleware is null");
    detail::put_into(*use.entry, *node);
    use.hub->use(*node, detail::taken_or_of(pattern, type), type, std::move(options.name));
    return Middleware(std::move(node));
}

}  // namespace hindsight
