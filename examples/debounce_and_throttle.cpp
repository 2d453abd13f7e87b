// Events that come faster than anybody wants them: save when typing pauses, redraw once in a while. The clock is moved
// by hand, so the seconds pass at once; without a clock of its own a bus does all this by itself, in real time.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

struct TextChanged {
    static constexpr std::string_view event_name = "text.changed";
    std::string text;
};

struct Progress {
    static constexpr std::string_view event_name = "job.progress";
    int percent = 0;
};

int main() {
    const auto clock = std::make_shared<hindsight::ManualClock>();
    hindsight::SingleThreadedBus bus{{.clock = clock}};
    const auto at = [&] { return std::chrono::duration<double>(clock->now().time_since_epoch()).count(); };

    // The last one, when none has come for a second.
    auto saving = bus.subscribe<TextChanged>(
        [&](const TextChanged& e) { fmt::print("{} s: saved \"{}\"\n", at(), e.text); }, {.debounce = 1s});
    // The first at once, then the newest of each second.
    auto drawing = bus.subscribe<Progress>([&](const Progress& e) { fmt::print("{} s: {} %\n", at(), e.percent); },
                                           {.throttle = 1s});

    std::string text;
    for (int step = 0; step < 12; ++step) {
        if (step % 6 < 3) bus.emit(TextChanged{text += "abcdefghijkl"[step]});
        bus.emit(Progress{step * 5});
        bus.run_pending();
        clock->advance(250ms);
        bus.run_pending();
    }
    bus.emit(TextChanged{text += "!"});
    bus.shutdown(1s);  // delivers at once what is held back
    fmt::print("{} changes were saved {} times; {} were replaced by newer ones\n", text.size(),
               saving.stats().delivered, saving.stats().conflated);
    fmt::print("{} of 12 steps were drawn\n", drawing.stats().delivered);
}
