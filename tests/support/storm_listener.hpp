// One subscription of a storm: what it asked for, what it was given, and when it began and ended.
#pragma once

#include "storm_emit.hpp"
#include "storm_log.hpp"

#include <hindsight/error.hpp>
#include <hindsight/event_bus.hpp>
#include <hindsight/this_handler.hpp>

#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::test {

class StormListener {
public:
    enum class Wants : std::uint8_t { gusts, squalls, storms, breezes, everything, count };
    struct Given {
        Seq seq;
        StormOrigin origin;
    };

    StormListener(StormEmitter& storm, Random& random, bool replays) : logs_(storm.logs) {
        SubscribeOptions options;
        wants_ = static_cast<Wants>(random.below(static_cast<int>(Wants::count)));
        direct_ = random.one_in(3);
        overflow_ = static_cast<Overflow>(random.below(4));
        filtered_ = random.one_in(4);
        receiver_ = random.one_in(5) && wants_ == Wants::gusts;
        if (random.one_in(6)) options.max_deliveries = static_cast<std::uint64_t>(1 + random.below(20));
        if (replays && random.one_in(3)) options.replay = replay(random, storm.bus.history().last_seq());
        options.delivery = direct_ ? Delivery::direct : Delivery::queued;
        options.priority = random.below(3);
        options.mailbox = {
            .capacity = random.one_in(2) ? std::size_t{2} : 64, .overflow = overflow_, .hard_limit = 200};
        if (filtered_) options.filter = [](const Record& record) { return record.key() != storm_keys[0]; };
        limited_ = options.max_deliveries != 0;
        state_ = std::make_shared<State>(storm, *this);
        state_->throws = random.one_in(3);
        state_->emits = random.one_in(3);
        state_->meddles = random.one_in(4);
        options.on_lagged = [state = state_](const Lagged& hole) { state->take(hole); };
        last_before_ = storm.bus.history().last_seq();
        began_ = StormLogs::moment();
        subscribe(storm.bus, std::move(options));
        subscribed_ = StormLogs::moment();
        last_after_ = storm.bus.history().last_seq();
    }
    StormListener(const StormListener&) = delete;
    StormListener& operator=(const StormListener&) = delete;

    void pause_or_resume(Random& random) {
        if (random.one_in(2)) {
            paused_ = true;
            subscription_.pause();
        } else {
            subscription_.resume();
        }
    }
    /// Its receiver dies, if it has one; or `close`, which does not wait.
    void let_go(bool close) {
        note_end();
        if (close) {
            subscription_.close();
        } else {
            object_.reset();
        }
    }
    /// On return nothing of it runs any more, and its state is gone.
    void end() {
        note_end();
        if (!subscription_.disconnect()) return logs_.fault("disconnect outside handlers did not wait");
        state_->ended = true;
        object_.reset();
        if (state_.use_count() != 1) logs_.fault("the state of a handler outlived its subscription");
        over_ = StormLogs::moment();
    }
    /// The bus was shut down at that moment.
    void note_end() {
        if (ending_ == 0) ending_ = StormLogs::moment();
    }

    bool wants(const StormEmit& event) const {
        if (filtered_ && event.key == 0) return false;
        switch (wants_) {
        case Wants::gusts:
            return event.kind == StormKind::gust;
        case Wants::squalls:
            return event.kind == StormKind::squall;
        case Wants::storms:
            return event.kind == StormKind::gust || event.kind == StormKind::squall;
        case Wants::breezes:
            return event.kind == StormKind::named;
        default:
            return true;
        }
    }

    // What the model compares, once the storm is over.
    bool direct() const { return direct_; }
    bool paused() const { return paused_; }
    bool limited() const { return limited_; }
    Overflow overflow() const { return overflow_; }
    const std::optional<Replay>& replayed() const { return replay_; }
    std::uint64_t began() const { return began_; }
    std::uint64_t subscribed() const { return subscribed_; }
    std::uint64_t ending() const { return ending_; }
    std::uint64_t over() const { return over_; }
    Seq last_before() const { return last_before_; }
    Seq last_after() const { return last_after_; }
    const std::vector<Given>& given() const { return state_->given; }
    const std::vector<Lagged>& holes() const { return state_->holes; }
    std::uint64_t thrown() const { return state_->thrown; }
    SubscriptionStatistics stats() const { return subscription_.stats(); }
    std::string describe() const {
        return std::string(direct_ ? "direct" : "queued") + ", wants " + std::to_string(static_cast<int>(wants_)) +
               ", overflow " + std::to_string(static_cast<int>(overflow_)) + (filtered_ ? ", filtered" : "") +
               (paused_ ? ", paused" : "") + (limited_ ? ", limited" : "") + (receiver_ ? ", receiver" : "") +
               (replay_ ? ", replay " + std::to_string(static_cast<int>(replay_->kind())) : "") + ", joined between " +
               std::to_string(last_before_) + " and " + std::to_string(last_after_);
    }

private:
    /// What the handler captures.
    struct State {
        State(StormEmitter& storm_, const StormListener& own) : storm(storm_), queued(!own.direct_) {}

        void take(const Record& record) {
            if (ended) storm.logs.fault("a handler ran after disconnect");
            const StormOrigin origin = origin_of(record);
            if (queued) {
                // No lock: a queued subscription handles one event at a time, and the thread sanitizer looks.
                given.push_back({record.seq(), origin});
            } else {
                const std::lock_guard lock(mutex);
                given.push_back({record.seq(), origin});
            }
            const bool nested = record.cause() != 0;
            if (emits && !nested && origin.index % 7 == 0) {
                Random random(origin.index, origin.thread);
                storm.emit(random, record.seq());
            }
            if (meddles && origin.index % 19 == 0) {
                static_cast<void>(storm.bus.history().query({.limit = 3}));
                meddle();
            }
            if (throws && origin.index % 23 == 0) {
                thrown.fetch_add(1, std::memory_order_relaxed);
                throw origin.index;
            }
        }
        void meddle() {
            try {
                Subscription passing = storm.bus.subscribe<Gust>([](const Gust&) { this_handler::disconnect(); });
                passing.pause();
                passing.close();
                storm.logs.mine().passing.push_back(std::move(passing));
            } catch (const Closed&) {
                storm.logs.mine().was_refused = true;
            }
        }
        void take(const Lagged& hole) {
            const Seq last = given.empty() ? 0 : given.back().seq;
            if (hole.last < hole.first || hole.first <= last) storm.logs.fault("a hole is out of order");
            holes.push_back(hole);
        }
        StormOrigin origin_of(const Record& record) const {
            Seq cause = record.cause();
            StormOrigin origin;
            if (const Gust* gust = record.get_if<Gust>()) {
                origin = gust->origin, cause = gust->cause;
            } else if (const Squall* squall = record.get_if<Squall>()) {
                origin = squall->origin, cause = squall->cause;
                if (squall->where != record.key()) storm.logs.fault("a key that is not the event's");
            } else if (const Calm* calm = record.get_if<Calm>()) {
                origin = calm->origin, cause = calm->cause;
            } else {
                const std::string_view text = record.correlation();
                const char* const end = text.data() + text.size();
                const auto colon = std::from_chars(text.data(), end, origin.thread);
                if (colon.ptr != end) std::from_chars(colon.ptr + 1, end, origin.index);
            }
            if (cause != record.cause()) storm.logs.fault("a cause that is not the handler's event");
            return origin;
        }

        StormEmitter& storm;
        const bool queued;
        bool throws = false, emits = false, meddles = false;
        std::atomic<bool> ended{false};
        std::atomic<std::uint64_t> thrown{0};
        std::mutex mutex;
        std::vector<Given> given;
        std::vector<Lagged> holes;
    };
    struct Receiver {
        std::shared_ptr<State> state;
        void on_gust(const Gust&, const Record& record) { state->take(record); }
    };

    Replay replay(Random& random, Seq last) {
        const auto count = static_cast<std::size_t>(random.below(60));
        switch (random.below(3)) {
        case 0:
            replay_ = Replay::last(count);
            break;
        case 1:
            replay_ = Replay::from_seq(last > count ? last - count : 1);
            break;
        default:
            replay_ = Replay::last_per_key();
        }
        return *replay_;
    }

    void subscribe(EventBus& bus, SubscribeOptions options) {
        const auto handle = [state = state_](const Record& record) { state->take(record); };
        if (receiver_) {
            object_ = std::make_shared<Receiver>(Receiver{state_});
            subscription_ = bus.subscribe<Gust>(object_, &Receiver::on_gust, std::move(options));
            return;
        }
        switch (wants_) {
        case Wants::gusts:
            subscription_ = bus.subscribe<Gust>(handle, std::move(options));
            break;
        case Wants::squalls:
            subscription_ = bus.subscribe<Squall>([handle](const Squall&, const Record& record) { handle(record); },
                                                  std::move(options));
            break;
        case Wants::storms:
            subscription_ = bus.subscribe("storm.*", handle, std::move(options));
            break;
        case Wants::breezes:
            subscription_ = bus.subscribe("breeze.*", handle, std::move(options));
            break;
        default:
            subscription_ = bus.subscribe("*", handle, std::move(options));
        }
    }

    StormLogs& logs_;
    Wants wants_{};
    bool direct_ = false, filtered_ = false, paused_ = false, limited_ = false, receiver_ = false;
    Overflow overflow_{};
    std::optional<Replay> replay_;
    std::uint64_t began_ = 0, subscribed_ = 0, ending_ = 0, over_ = 0;
    Seq last_before_ = 0, last_after_ = 0;
    std::shared_ptr<State> state_;
    std::shared_ptr<Receiver> object_;
    Subscription subscription_;
};

}  // namespace hindsight::test
