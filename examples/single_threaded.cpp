// One thread, no locks, and a clock that stands still until told otherwise: a simulation, or a test.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <string_view>

using namespace std::chrono_literals;

struct BallDropped {
    static constexpr std::string_view event_name = "ball.dropped";
    double metres;
};

struct BallBounced {
    static constexpr std::string_view event_name = "ball.bounced";
    double metres;
};

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    hindsight::SingleThreadedBus bus{{.clock = clock}};

    // Queued handlers run in run_pending(), with those that they bring about.
    auto falling = bus.subscribe<BallDropped>([&](const BallDropped& ball) {
        clock->advance(500ms);
        bus.emit(BallBounced{ball.metres / 2});
    });
    auto rising = bus.subscribe<BallBounced>([&](const BallBounced& ball) {
        clock->advance(250ms);
        if (ball.metres > 1) bus.emit(BallDropped{ball.metres});
    });

    bus.emit(BallDropped{8});
    fmt::print("handled before run_pending: {}\n", bus.stats().delivered);
    fmt::print("handled by run_pending: {}\n", bus.run_pending());

    const auto start = bus.history().query().front().time();
    for (const hindsight::Record& record : bus.history().query({.category = "ball"})) {
        const std::chrono::duration<double> elapsed = record.time() - start;
        fmt::print("#{} after {:.2f} s: {}, caused by #{}\n", record.seq(), elapsed.count(), record.name(),
                   record.cause());
    }
}
