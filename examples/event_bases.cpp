// Polymorphic delivery: one handler, one query for all events that derive from a base.
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

using hindsight::Delivery;
using hindsight::Record;

/// What is wrong, whatever it is. Whoever derives from it inherits `event_base`.
struct Problem {
    using event_base = Problem;
    virtual ~Problem() = default;
    virtual std::string text() const = 0;
    virtual int cost() const { return 1; }
};

struct DiskFull : Problem {
    static constexpr std::string_view event_name = "disk.full";
    explicit DiskFull(std::string device_) : device(std::move(device_)) {}
    std::string text() const override { return device + " is full"; }
    std::string device;
};

struct LinkDown : Problem {
    static constexpr std::string_view event_name = "network.link_down";
    explicit LinkDown(int port_) : port(port_) {}
    std::string text() const override { return fmt::format("port {} is down", port); }
    int cost() const override { return 10; }
    int port;
};

int main() {
    hindsight::EventBus bus;
    const auto all = bus.subscribe<Problem>(
        [](const Problem& problem, const Record& record) { fmt::print("{}: {}\n", record.name(), problem.text()); },
        {.delivery = Delivery::direct});
    const auto costly = bus.subscribe<Problem>(
        [](const Problem& problem) { fmt::print("call somebody: {}\n", problem.text()); },
        {.delivery = Delivery::direct,
         .filter = hindsight::where<Problem>([](const Problem& problem) { return problem.cost() >= 10; })});
    const auto disks = bus.subscribe<DiskFull>([](const DiskFull& full) { fmt::print("cleaning {}\n", full.device); },
                                               {.delivery = Delivery::direct});

    bus.emit(DiskFull("sda"));
    bus.emit(LinkDown(3));

    int cost = 0;
    for (const auto& problem : bus.history().query<Problem>()) cost += problem->cost();
    fmt::print("cost of all: {}\n", cost);
}
