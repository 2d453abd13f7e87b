// Inbox: a subscription that is read instead of called, by whoever has time; see docs/waiting.md.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/is_defined.hpp>
#include <hindsight/detail/node.hpp>
#include <hindsight/detail/reading.hpp>
#include <hindsight/record.hpp>
#include <hindsight/statistics.hpp>
#include <hindsight/types.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

namespace hindsight {

namespace detail {

/// All of an inbox that does not depend on what is read.
class HINDSIGHT_API AnyInbox {
public:
    AnyInbox() noexcept = default;
    explicit AnyInbox(NodePtr node) noexcept;
    AnyInbox(AnyInbox&&) noexcept = default;
    AnyInbox& operator=(AnyInbox&& other) noexcept {
        AnyInbox old(std::move(*this));
        node_ = std::move(other.node_);
        return *this;
    }
    ~AnyInbox() { disconnect(); }

    /// How many events were dropped for it so far, for lack of room.
    std::uint64_t missed() const noexcept;
    /// Whether more events may come in. What came in before may still be read.
    bool connected() const noexcept { return node_ && !node_->has(Node::dead); }
    /// Ends it: nothing more comes in, what is unread is discarded and counted, and all that wait for an event get
    /// none. For the filter and `on_lagged`, see Subscription::disconnect.
    bool disconnect() noexcept;

    /// Events that come while it is paused are not for it (and counted); those already in it can still be read.
    void pause() noexcept;
    void resume() noexcept;
    /// Unique among the subscriptions of its bus, increasing; 0 for an inbox without a subscription.
    std::uint64_t id() const noexcept { return node_ ? node_->id : 0; }
    /// As Subscription::stats; `delivered` are events that have been read.
    SubscriptionStatistics stats() const;

protected:
    Record read();
    Record read_for(Duration timeout, const std::stop_token& stop);
    std::size_t count() const noexcept { return node_ ? unread(*node_).waiting : 0; }
    const NodePtr& node() const noexcept { return node_; }

private:
    NodePtr node_;
};

/// In <hindsight/coroutine.hpp>.
template <class Item>
struct Awaits;

}  // namespace detail

/// The events of type E, or for Inbox<Record> those of a name or pattern, in `seq` order, for whoever reads them. From
/// `BasicEventBus::inbox`. Its mailbox and overflow policy are those of any queued subscription.
///
/// Each event is given once, to one of those who read; none is lost between two reads, nor between looking and waiting.
/// Move-only; the destructor disconnects. Every function is thread-safe but for moves and destruction, may be called
/// inside handlers and after the bus is gone. When the bus shuts down nobody waits for the readers: what is unread
/// stays readable, and after it there is nothing.
///
/// A thread that emits never waits for room in an inbox that it was the last one to read, or to which it would be the
/// first: the inbox grows to its `hard_limit` then, and so it does for all threads once a coroutine has read it. A
/// receipt counts an event as handled when it has been read.
template <class E>
class [[nodiscard("the inbox ends at once unless it is kept")]] Inbox : public detail::AnyInbox {
public:
    /// What is read: keeps the event alive.
    using Item = std::conditional_t<std::same_as<E, Record>, Record, TypedRecord<E>>;

    /// An inbox without a subscription: there is never anything in it.
    Inbox() noexcept = default;

    /// The next event, if there is one. Never blocks. Throws std::bad_alloc, the inbox being as it was; `on_lagged`
    /// runs here. Takes the bus's short lock.
    std::optional<Item> try_next() {
        return item(read());
    }

    /// The next event; waits for it, `timeout` at most. Nothing: the time is over, somebody has asked to stop, or no
    /// event will come any more. Throws WouldDeadlock where it would have to wait inside a handler, filter or policy,
    /// or for a SingleThreadedBus: nobody could emit meanwhile.
    std::optional<Item> next_for(Duration timeout, const std::stop_token& stop = {}) {
        return item(read_for(timeout, stop));
    }

    /// All that is there now, without waiting.
    std::vector<Item> drain() {
        std::vector<Item> items;
        const std::size_t most = count();
        items.reserve(most);
        while (items.size() < most) {
            Record next = read();
            if (!next) break;
            items.push_back(Item(std::move(next)));
        }
        return items;
    }

    /// The same as next_for inside a coroutine of Boost.Asio, which it suspends instead of blocking the thread; `stop`
    /// and `timeout` are optional. Needs <hindsight/coroutine.hpp>. Only for inboxes that have a name.
    ///
    ///     while (auto event = co_await inbox.next(5s)) { ... }
    template <class A = detail::Awaits<Item>>
    auto next(Duration timeout = Duration::max())& {
        require_header<A>();
        return A::next(node(), timeout);
    }
    template <class A = detail::Awaits<Item>>
    auto next(Duration timeout, const std::stop_token& stop)& {
        require_header<A>();
        return A::next(node(), timeout, stop);
    }
    template <class A = detail::Awaits<Item>>
    auto next(const std::stop_token& stop)& {
        return next<A>(Duration::max(), stop);
    }
    template <class... Arguments>
    void next(Arguments && ...)&& = delete;

    /// For the library.
    explicit Inbox(detail::NodePtr node) noexcept : AnyInbox(std::move(node)) {}

private:
    template <class A>
    static constexpr void require_header() {
        static_assert(detail::is_defined<A>,
                      "hindsight: co_await inbox.next() needs #include <hindsight/coroutine.hpp>");
    }

    static std::optional<Item> item(Record record) {
        if (!record) return std::nullopt;
        return Item(std::move(record));
    }
};

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/inbox.ipp>
#endif
