// Handlers that run beside themselves: the event that takes long does not hold up the others.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <future>
#include <latch>
#include <string>
#include <string_view>

struct Download {
    static constexpr std::string_view event_name = "download.requested";
    std::string file;
};

int main() {
    hindsight::EventBus bus{{.pool = {.threads = 2}}};
    std::latch large_has_begun(1);
    std::promise<void> rest_of_large;
    const std::shared_future<void> large_has_come = rest_of_large.get_future().share();
    auto downloading = bus.subscribe<Download>(
        [&](const Download& download) {  // on two threads at once
            if (download.file != "large.iso") return;
            large_has_begun.count_down();
            large_has_come.wait();
        },
        {.name = "downloads", .concurrency = 2});

    const hindsight::Receipt large = bus.emit(Download{"large.iso"});
    large_has_begun.wait();
    for (const char* const file : {"small.txt", "tiny.txt"}) {
        bus.emit(Download{file}).wait();
        fmt::print("{} is there\n", file);
    }
    fmt::print("in hand: {}\n", downloading.stats().queue_depth);

    rest_of_large.set_value();
    large.wait();
    fmt::print("large.iso is there, too; calls: {}\n", downloading.stats().delivered);

    try {
        const auto direct = bus.subscribe<Download>([](const Download&) {},
                                                    {.delivery = hindsight::Delivery::direct, .concurrency = 2});
    } catch (const hindsight::InvalidArgument& error) {
        fmt::print("{}\n", error.what());
    }
}
