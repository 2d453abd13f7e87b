// Promise 12: type identity across shared libraries.
#include "plugin/interface.hpp"
#include "support/catch.hpp"
#include "support/waiting.hpp"

#include <hindsight/default_bus.hpp>

#include <dlfcn.h>

#include <atomic>
#include <cstdint>
#include <latch>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Record;
using hindsight::Subscription;
using hindsight::TypeConflict;
using plugin_test::Plugin;
using plugin_test::Ready;
using plugin_test::TaskDone;
using namespace hindsight::test;

namespace {

struct Unnamed {
    static constexpr std::string_view event_name = "plugin.unnamed";
    int number = 0;
};

/// The plug-in, loaded.
class Loaded {
public:
    Loaded() : library_(::dlopen(PLUGIN_FILE, RTLD_NOW | RTLD_LOCAL)) {
        if (library_ == nullptr) FAIL(::dlerror());
        plugin_ = static_cast<const Plugin*>(::dlsym(library_, "hindsight_test_plugin"));
        REQUIRE(plugin_ != nullptr);
    }
    Loaded(const Loaded&) = delete;
    Loaded& operator=(const Loaded&) = delete;
    ~Loaded() { ::dlclose(library_); }
    const Plugin* operator->() const { return plugin_; }

private:
    void* library_;
    const Plugin* plugin_ = nullptr;
};

TEST_CASE("a type that the host and the plug-in know is one type", "[plugin][promise-12]") {
    const Loaded plugin;
    EventBus bus;
    std::vector<int> versions;
    std::string log;
    const auto host = bus.subscribe<Ready>([&](const Ready& ready) { versions.push_back(ready.version); },
                                           {.delivery = Delivery::direct});
    const auto guest = plugin->subscribe(bus, log, {.delivery = Delivery::direct});
    plugin->emit(bus, 3);
    bus.emit(Ready{4});
    bus.emit(TaskDone{"one"});
    CHECK(versions == std::vector{3, 4});
    CHECK(log == "one ");
    const auto kept = bus.history().query<Ready>();
    REQUIRE(kept.size() == 2);
    CHECK(kept[0]->version == 3);
    CHECK(bus.history().query({.name = "plugin.ready"}).front().get_if<TaskDone>() == nullptr);
}

TEST_CASE("the plug-in's handlers run on the host's pool", "[plugin]") {
    const Loaded plugin;
    EventBus bus;
    std::string log;
    const auto guest = plugin->subscribe(bus, log, {});
    bus.emit(TaskDone{"one"}).wait();
    CHECK(log == "one ");
}

TEST_CASE("a type of the plug-in with the name of another is refused, and the host can catch it",
          "[plugin][promise-12]") {
    const Loaded plugin;
    EventBus bus;
    bus.emit(TaskDone{"one"});
    try {
        plugin->emit_conflicting(bus);
        FAIL("two types have one name");
    } catch (const TypeConflict& error) {
        CHECK_THAT(error.what(),
                   Contains("task.done") && Contains("plugin_test::TaskDone") && Contains("plugin_only::TaskDone"));
    }
    CHECK(bus.history().size() == 1);
}

TEST_CASE("types of unnamed namespaces are never taken for each other", "[plugin][promise-12]") {
    const Loaded plugin;
    EventBus bus;
    plugin->emit_unnamed(bus);
    const Record record = bus.history().query().front();
    CHECK(record.name() == "plugin.unnamed");
    CHECK(record.get_if<Unnamed>() == nullptr);
    CHECK_THROWS_AS(bus.emit(Unnamed{1}), TypeConflict);
}

TEST_CASE("a disconnect in the host waits for an event that the plug-in emits", "[plugin][promise-5]") {
    const Loaded plugin;
    EventBus bus;
    std::latch entered(1);
    std::atomic<bool> returning{false};
    Subscription subscription;
    subscription = bus.subscribe<Ready>(
        [&](const Ready&) {
            entered.count_down();
            spin_until([&] { return !subscription.connected(); });
            let_others_run();
            returning = true;
        },
        {.delivery = Delivery::direct});
    auto emitter = start([&] { plugin->emit(bus, 1); });
    entered.wait();
    CHECK(subscription.disconnect());
    CHECK(returning);
    get_soon(std::move(emitter));
}

TEST_CASE("the host and the plug-in have one default bus, which outlives the plug-in", "[plugin][promise-12]") {
    EventBus* of_plugin = nullptr;
    {
        const Loaded plugin;
        of_plugin = plugin->default_bus();
        plugin->emit(*of_plugin, 1);
        plugin->retire(*of_plugin);
    }
    CHECK(of_plugin == &hindsight::default_bus());
    std::atomic<int> ready{0};
    const auto subscription = hindsight::default_bus().subscribe<Ready>([&](const Ready&) { ++ready; });
    hindsight::default_bus().emit(Ready{2}).wait();
    CHECK(ready == 1);
}

TEST_CASE("an event of the plug-in is delivered to a base that the host knows", "[plugin][promise-12]") {
    EventBus bus;
    std::vector<std::string> seen;
    const auto findings = bus.subscribe<plugin_test::Finding>(
        [&](const plugin_test::Finding& finding) { seen.push_back(finding.text()); }, {.delivery = Delivery::direct});
    for (int round = 0; round < 2; ++round) {
        const Loaded plugin;
        plugin->emit_finding(bus);
        {
            const auto found = bus.history().query<plugin_test::Finding>();
            REQUIRE(found.size() == 1);
            CHECK(found[0]->text() == "a crack");
        }
        CHECK(plugin->retire(bus) == 0);
    }
    CHECK(seen == std::vector<std::string>{"a crack", "a crack"});
}

TEST_CASE("the plug-in can be unloaded once its types are retired, and loaded again", "[plugin][promise-12]") {
    EventBus bus;
    for (int round = 0; round < 3; ++round) {
        const Loaded plugin;
        std::string log;
        {
            const auto guest = plugin->subscribe(bus, log, {.delivery = Delivery::direct});
            bus.emit(TaskDone{"one"});
            plugin->emit_guest(bus);
            plugin->emit(bus, round);
            CHECK(log == "one ");
            Record held = bus.history().query({.name = "plugin.guest"}).front();
            CHECK(plugin->retire(bus) == 1);
            held = Record();
            CHECK(plugin->retire(bus) == 0);
        }
        CHECK(bus.history().query({.name = "plugin.guest"}).empty());
    }
    bus.emit(TaskDone{"after"});
    CHECK(bus.stats().by_name.at("plugin.guest").emitted == 3);
    CHECK(bus.history().query<TaskDone>().size() == 4);
    const auto stats = bus.stats();
    CHECK(stats.emitted == bus.history().last_seq());
}

TEST_CASE("the plug-in comes and goes while the host emits", "[plugin][promise-5][promise-12]") {
    EventBus bus{{.history = {.capacity = 100}}};
    std::atomic<bool> ended{false};
    std::uint64_t delivered = 0;
    const auto counting = bus.subscribe<TaskDone>([&](const TaskDone&) { ++delivered; });
    auto emitter = start([&] {
        std::uint64_t emitted = 0;
        for (; !ended; ++emitted) bus.emit(TaskDone{"one"});
        return emitted;
    });
    for (int round = 0; round < 20; ++round) {
        const Loaded plugin;
        for (const Delivery delivery : {Delivery::direct, Delivery::queued}) {
            std::string log;
            auto guest = plugin->subscribe(bus, log, {.delivery = delivery});
            plugin->emit_guest(bus);
            plugin->emit_finding(bus);
            spin_until([&] { return guest.stats().delivered > 1; });
            CHECK(guest.disconnect());
            CHECK(log.starts_with("one one "));
        }
        // What the emitter has just taken out of history may still be on its way.
        spin_until([&] { return plugin->retire(bus) == 0; });
    }
    ended = true;
    const std::uint64_t emitted = get_soon(std::move(emitter));
    CHECK(bus.shutdown(patience).undelivered == 0);
    CHECK(delivered == emitted);
    CHECK(bus.stats().by_name.at("plugin.guest").emitted == 40);
    CHECK(bus.stats().emitted == bus.history().last_seq());
}

}  // namespace
