// What a user would put together instead: a signal, and a ring with a mutex and a clock to look back at.
#pragma once

#include "event.hpp"

#include <boost/circular_buffer.hpp>
#include <boost/signals2/signal.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <sigc++/sigc++.h>

namespace hindsight_benchmark {

class LockedRing {
public:
    void push(const Event& given) {
        const std::lock_guard lock(mutex_);
        ring_.push_back({++seq_, std::chrono::system_clock::now(), given});
    }

private:
    struct Kept {
        std::uint64_t seq;
        std::chrono::system_clock::time_point time;
        Event event;
    };
    std::mutex mutex_;
    boost::circular_buffer<Kept> ring_{usual_history};
    std::uint64_t seq_ = 0;
};

struct Signals2WithRing {
    void emit(const Event& given) {
        ring.push(given);
        signal(given);
    }
    LockedRing ring;
    boost::signals2::signal<void(const Event&)> signal;
};

struct SigcWithRing {
    void emit(const Event& given) {
        ring.push(given);
        signal(given);
    }
    LockedRing ring;
    sigc::signal<void(const Event&)> signal;
};

}  // namespace hindsight_benchmark
