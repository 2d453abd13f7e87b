// What a process does to a bus in it: fork without exec, exit with running handlers, exceptions that nobody may throw.
#include "support/bus_events.hpp"
#include "support/catch.hpp"

#include <hindsight/clock.hpp>
#include <hindsight/default_bus.hpp>
#include <hindsight/event_bus.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

using namespace hindsight;
using namespace hindsight::test;
using namespace std::chrono_literals;

namespace {

/// Runs the function in a child of this process, which must still be of one thread; its status as waitpid gives it. A
/// child that hangs is ended by a signal.
template <class F>
int status_of_child(F function) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        function();
        ::_exit(99);
    }
    int status = 0;
    REQUIRE(child > 0);
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

bool exited_with(int code, int status) {
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

TEST_CASE("a bus without threads works on both sides of a fork", "[process]") {
    EventBus bus({.pool = {.threads = 0}});
    int calls = 0;
    const Subscription subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; });
    bus.emit(Tick{1});
    CHECK(exited_with(3, status_of_child([&] {
                          bus.emit(Tick{2});
                          bus.run_pending();
                          ::_exit(calls == 2 && bus.history().last_seq() == 2 ? 3 : 4);
                      })));
    CHECK(bus.history().last_seq() == 1);
    bus.run_pending();
    CHECK(calls == 1);
}

TEST_CASE("a bus that has started no thread before a fork starts its own in the child", "[process]") {
    EventBus bus({.pool = {.threads = 2}});
    bus.emit(Tick{1});
    CHECK(exited_with(3, status_of_child([&] {
                          int calls = 0;
                          const Subscription subscription = bus.subscribe<Tick>([&](const Tick&) { ++calls; });
                          bus.emit(Tick{2}).wait();
                          ::_exit(calls == 1 ? 3 : 4);
                      })));
}

TEST_CASE("exit drains the default bus, and does not wait longer than told for a running handler", "[process]") {
    CHECK(exited_with(3, status_of_child([] {
                          // The handlers refer to nothing that exit destroys before the bus.
                          static std::atomic<int> calls{0};
                          std::atexit([] {
                              ::_exit(calls == 5 ? 3 : 4);
                          });  // runs after the end of the bus, which is made later
                          default_bus().subscribe<Tick>([](const Tick&) { ++calls; }).detach();
                          for (int i = 0; i < 5; ++i) default_bus().emit(Tick{i});
                          std::exit(0);
                      })));
    CHECK(exited_with(5, status_of_child([] {
                          set_default_bus_options({.on_error = [](const HandlerError&) {}, .drain_on_destroy = 10ms});
                          static std::promise<void> running;
                          default_bus()
                              .subscribe<Tick>([](const Tick&) {
                                  running.set_value();
                                  for (;;) std::this_thread::sleep_for(1h);
                              })
                              .detach();
                          default_bus().emit(Tick{});
                          running.get_future().wait();
                          std::exit(5);
                      })));
}

TEST_CASE("a handler may end the process", "[process]") {
    for (const auto delivery : {Delivery::direct, Delivery::queued}) {
        CHECK(exited_with(
            6, status_of_child([&] {
                set_default_bus_options({.on_error = [](const HandlerError&) {}, .drain_on_destroy = 10ms});
                default_bus().subscribe<Tick>([](const Tick&) { std::exit(6); }, {.delivery = delivery}).detach();
                default_bus().emit(Tick{});
                for (;;) std::this_thread::sleep_for(1h);
            })));
    }
}

struct Bursting {
    Bursting() = default;
    Bursting(Bursting&&) noexcept {}
    ~Bursting() noexcept(false) {}
};

struct BrokenClock final : Clock {
    TimePoint now() const noexcept override { return tell(); }
    static TimePoint tell() { throw std::runtime_error("the clock is broken"); }
};

TEST_CASE("what may not throw is refused where it is compiled, or ends the process", "[process]") {
    STATIC_REQUIRE_FALSE(Event<Bursting>);
    const int status = status_of_child([] {
        std::signal(SIGABRT, SIG_DFL);
        std::set_terminate([] { std::abort(); });
        EventBus bus({.pool = {.threads = 0}, .clock = std::make_shared<BrokenClock>()});
        bus.emit(Tick{});
    });
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

}  // namespace
