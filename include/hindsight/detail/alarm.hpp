// Alarm: what a suspended coroutine of Boost.Asio waits for. It is a timer that goes off early when it is rung, which
// any thread may do, since that needs neither memory nor the coroutine's executor.
#pragma once

#include <hindsight/detail/parking.hpp>
#include <hindsight/detail/thread_safety.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace hindsight::detail {

/// One for each wait.
class Alarm final : public Parked, public std::enable_shared_from_this<Alarm> {
public:
    Alarm(const boost::asio::any_io_executor& executor, Deadline deadline)
        : timer_(std::in_place, executor, deadline) {}

    /// From here on, or from the beginning of a wait that has not begun yet, nobody sleeps.
    void ring() noexcept {
        const std::lock_guard lock(mutex_);
        rung_ = true;
        if (timer_) timer_->cancel();
    }

    /// The executor may go: ringing does nothing any more.
    void end() noexcept {
        const std::lock_guard lock(mutex_);
        timer_.reset();
    }

    /// Begins the wait; the handler gets an error code that says nothing.
    template <class Handler>
    void sleep(Handler&& handler) {
        const std::shared_ptr<Alarm> keep = shared_from_this();  // the wait may end before this does
        const std::lock_guard lock(mutex_);
        if (rung_) timer_->expires_at(Deadline::min());
        timer_->async_wait(std::forward<Handler>(handler));
    }

private:
    void unparked() noexcept override { ring(); }

    std::mutex mutex_;
    std::optional<boost::asio::steady_timer> timer_ HINDSIGHT_GUARDED_BY(mutex_);  // none: the wait is over
    bool rung_ HINDSIGHT_GUARDED_BY(mutex_) = false;
};

/// An alarm that is parked at an address for as long as this lives.
class ParkedAlarm {
public:
    ParkedAlarm(const void* address, const boost::asio::any_io_executor& executor, Deadline deadline)
        : address_(address), alarm_(std::make_shared<Alarm>(executor, deadline)) {}
    ParkedAlarm(const ParkedAlarm&) = delete;
    ParkedAlarm& operator=(const ParkedAlarm&) = delete;
    ~ParkedAlarm() {
        ParkingLot::leave(address_, *alarm_);
        alarm_->end();
    }

    /// See `park`.
    template <class Condition>
    bool park_unless(Condition condition) {
        return park(address_, alarm_, condition);
    }
    Alarm& operator*() const noexcept { return *alarm_; }

private:
    const void* const address_;
    const std::shared_ptr<Alarm> alarm_;
};

/// Rings, for a stop_callback.
struct RingAlarm {
    Alarm* alarm;
    void operator()() const noexcept { alarm->ring(); }
};

/// Nothing with a destructor stands beside co_await: g++ 12 would run it twice.
struct Sleep {
    Alarm* alarm;
    template <class Handler>
    void operator()(Handler&& handler) const {
        alarm->sleep(std::forward<Handler>(handler));
    }
};

/// Suspends until the alarm goes off, or the coroutine is cancelled.
inline boost::asio::awaitable<void> sleep_until_rung(Alarm& alarm) {
    auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    co_await boost::asio::async_initiate<decltype(token), void(boost::system::error_code)>(Sleep{&alarm}, token);
}

}  // namespace hindsight::detail
