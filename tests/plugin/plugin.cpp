#include "plugin/interface.hpp"

#include <hindsight/default_bus.hpp>

#include <string>
#include <string_view>

namespace {

/// The host has one of that name, too.
struct Unnamed {
    static constexpr std::string_view event_name = "plugin.unnamed";
    int number = 0;
};

}  // namespace

namespace plugin_only {

struct Guest {
    static constexpr std::string_view event_name = "plugin.guest";
    std::string text = "made in the plug-in, long enough for memory of its own";
};

/// The base lies behind other members.
struct Crack : Guest, plugin_test::Finding {
    static constexpr std::string_view event_name = "plugin.crack";
    std::string text() const override { return "a crack"; }
};

struct TaskDone {
    static constexpr std::string_view event_name = "task.done";
    int other = 0;
};

}  // namespace plugin_only

extern "C" [[gnu::visibility("default")]] const plugin_test::Plugin hindsight_test_plugin = {
    .emit = [](hindsight::EventBus& bus, int version) { bus.emit(plugin_test::Ready{version}); },
    .emit_guest = [](hindsight::EventBus& bus) { bus.emit(plugin_only::Guest{}); },
    .emit_finding = [](hindsight::EventBus& bus) { bus.emit(plugin_only::Crack{}); },
    .emit_conflicting = [](hindsight::EventBus& bus) { bus.emit(plugin_only::TaskDone{}); },
    .emit_unnamed = [](hindsight::EventBus& bus) { bus.emit(Unnamed{7}); },
    .subscribe =
        [](hindsight::EventBus& bus, std::string& log, hindsight::SubscribeOptions options) {
            return bus.subscribe<plugin_test::TaskDone>(
                [&log](const plugin_test::TaskDone& done) { log += done.task + " "; }, std::move(options));
        },
    .default_bus = [] { return &hindsight::default_bus(); },
    .retire =
        [](hindsight::EventBus& bus) {
            return bus.retire<plugin_only::Guest, plugin_only::Crack, Unnamed, plugin_test::Ready>();
        },
};
