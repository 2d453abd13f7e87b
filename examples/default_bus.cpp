// The default bus: one for the whole process, for code that nobody hands a bus to, such as static objects.
#include <hindsight/default_bus.hpp>
#include <hindsight/hindsight.hpp>

#include <fmt/core.h>

#include <string>
#include <string_view>

struct PluginLoaded {
    static constexpr std::string_view event_name = "plugin.loaded";
    std::string name;
};

/// Registers itself before main.
struct Plugin {
    explicit Plugin(const char* name) { hindsight::default_bus().emit(PluginLoaded{name}); }
};

/// The first static object of the program decides what the bus is like.
struct Setup {
    Setup() { hindsight::set_default_bus_options({.history = {.capacity = 2}, .pool = {.threads = 1}}); }
} setup;

Plugin audio("audio"), video("video"), network("network");

int main() {
    for (const auto& e : hindsight::default_bus().history().query<PluginLoaded>()) {
        fmt::print("{}: {}\n", e.seq(), e->name);
    }
    try {
        hindsight::set_default_bus_options({});
    } catch (const hindsight::InvalidArgument& error) {
        fmt::print("{}\n", error.what());
    }
    // What is queued when the process exits is still handled.
    hindsight::default_bus()
        .subscribe<PluginLoaded>([](const PluginLoaded& e) { fmt::print("handled: {}\n", e.name); })
        .detach();
    hindsight::default_bus().emit(PluginLoaded{"printer"});
}
