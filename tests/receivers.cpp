// Member functions as handlers, and what happens when their receivers die (promise 5).
#include "support/bus_events.hpp"
#include "support/catch.hpp"
#include "support/executors.hpp"
#include "support/refusal.hpp"
#include "support/waiting.hpp"

#include <hindsight/event_bus.hpp>

#include <atomic>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

using hindsight::Delivery;
using hindsight::EventBus;
using hindsight::Record;
using hindsight::Subscription;
using namespace hindsight::test;

namespace {

struct Collector {
    void on_tick(const Tick& tick) { numbers.push_back(tick.number); }
    void on_tick_and_record(const Tick& tick, const Record& record) {
        numbers.push_back(tick.number * 100 + static_cast<int>(record.seq()));
    }
    void on_record(const Record& record) const { seqs->push_back(record.seq()); }
    virtual void on_virtual(const Tick& tick) { numbers.push_back(tick.number); }
    virtual ~Collector() = default;

    std::vector<int> numbers;
    std::shared_ptr<std::vector<hindsight::Seq>> seqs = std::make_shared<std::vector<hindsight::Seq>>();
};

struct Doubler : Collector {
    void on_virtual(const Tick& tick) override { numbers.push_back(2 * tick.number); }
};

TEST_CASE("member functions handle events in every form", "[receivers]") {
    EventBus bus;
    const auto plain = std::make_shared<Collector>();
    const auto both = std::make_shared<Collector>();
    const auto record = std::make_shared<Collector>();
    const std::shared_ptr<Collector> derived = std::make_shared<Doubler>();
    const auto a = bus.subscribe<Tick>(plain, &Collector::on_tick, {.delivery = Delivery::direct});
    const auto b = bus.subscribe<Tick>(both, &Collector::on_tick_and_record, {.delivery = Delivery::direct});
    const auto c = bus.subscribe<Tick>(record, &Collector::on_record);
    const auto d = bus.subscribe<Tick>(derived, &Collector::on_virtual);
    bus.emit(Tick{7}).wait();
    CHECK(plain->numbers == std::vector{7});
    CHECK(both->numbers == std::vector{701});
    CHECK(*record->seqs == std::vector<hindsight::Seq>{1});
    CHECK(derived->numbers == std::vector{14});
}

TEST_CASE("a null receiver or member function is refused", "[receivers]") {
    EventBus bus;
    const auto subscribe = [&](const std::shared_ptr<Collector>& receiver, void (Collector::*member)(const Tick&)) {
        const auto subscription = bus.subscribe<Tick>(receiver, member);
    };
    CHECK(refuses<hindsight::InvalidArgument>("the receiver is null", [&] { subscribe({}, &Collector::on_tick); }));
    CHECK(refuses<hindsight::InvalidArgument>("the handler is null",
                                              [&] { subscribe(std::make_shared<Collector>(), nullptr); }));
    CHECK(bus.subscription_count() == 0);
}

TEST_CASE("subscribing does not keep the receiver alive, and an expired one is skipped", "[receivers][promise-5]") {
    const auto delivery = GENERATE(Delivery::direct, Delivery::queued);
    EventBus bus;
    auto receiver = std::make_shared<Collector>();
    Subscription subscription = bus.subscribe<Tick>(receiver, &Collector::on_tick, {.delivery = delivery});
    bus.emit(Tick{1}).wait();
    CHECK(receiver->numbers == std::vector{1});
    CHECK(receiver.use_count() == 1);
    receiver.reset();
    const auto receipt = bus.emit(Tick{2});
    receipt.wait();
    CHECK(receipt);
    bus.emit(Tick{3}).wait();
    CHECK(subscription.stats().delivered == 1);
}

TEST_CASE("a receiver that dies while events wait for it gets none of them", "[receivers][promise-5]") {
    EventBus bus;
    const auto executor = std::make_shared<ManualExecutor>();
    auto receiver = std::make_shared<Collector>();
    const auto seqs = receiver->seqs;
    const auto subscription = bus.subscribe<Tick>(receiver, &Collector::on_record, {.executor = executor});
    const auto receipt = bus.emit(Tick{1});
    receiver.reset();
    executor->run_all();
    CHECK(receipt.wait_for(patience));
    CHECK(seqs->empty());
    CHECK(bus.stats().matched == 1);
    CHECK(bus.stats().discarded == 1);
}

TEST_CASE("a receiver lives until its handler returns, though others let go of it", "[receivers][promise-5]") {
    struct Slow {
        explicit Slow(std::atomic<bool>& alive_) : alive(alive_) { alive = true; }
        Slow(const Slow&) = delete;
        Slow& operator=(const Slow&) = delete;
        ~Slow() { alive = false; }
        void on_tick(const Tick&) {
            entered.count_down();
            let_go.wait();
            alive_at_end = alive.load();
        }
        std::atomic<bool>& alive;
        std::latch entered{1}, let_go{1};
        std::atomic<bool> alive_at_end{false};
    };
    EventBus bus;
    std::atomic<bool> alive{false};
    auto receiver = std::make_shared<Slow>(alive);
    Slow& watched = *receiver;
    const auto subscription = bus.subscribe<Tick>(receiver, &Slow::on_tick, {.delivery = Delivery::direct});
    auto emitter = start([&] { bus.emit(Tick{}); });
    watched.entered.wait();
    receiver.reset();
    CHECK(alive);
    watched.let_go.count_down();
    get_soon(std::move(emitter));
    CHECK_FALSE(alive);
}

/// Handles its last event by deleting itself, as a window does when it is closed.
struct Window {
    explicit Window(EventBus& bus, std::unique_ptr<Window>& owner_) : owner(owner_) {
        subscription = bus.subscribe<Tick>([this](const Tick& tick) { handle(tick); }, {.delivery = Delivery::direct});
    }
    void handle(const Tick& tick) {
        ++handled;
        if (tick.number == 2) owner.reset();
    }
    std::unique_ptr<Window>& owner;
    int handled = 0;
    Subscription subscription;
};

TEST_CASE("a receiver without shared ownership can delete itself inside its handler", "[receivers][promise-5]") {
    EventBus bus;
    std::unique_ptr<Window> window;
    window = std::make_unique<Window>(bus, window);
    bus.emit(Tick{1});
    CHECK(window->handled == 1);
    bus.emit(Tick{2});
    CHECK(window == nullptr);
    CHECK(bus.emit(Tick{3}).matched == 0);
}

TEST_CASE("a receiver deleted during its call by another thread is not used afterwards", "[receivers][promise-5]") {
    struct Receiver {
        std::latch* entered;
        std::atomic<bool>* disconnecting;
        Subscription subscription;
        int touched = 0;
        void on_tick() {
            entered->count_down();
            spin_until([&] { return disconnecting->load(); });
            let_others_run();
            ++touched;
        }
    };
    EventBus bus;
    std::latch entered(1);
    std::atomic<bool> disconnecting{false};
    auto receiver = std::make_unique<Receiver>();
    receiver->entered = &entered;
    receiver->disconnecting = &disconnecting;
    receiver->subscription =
        bus.subscribe<Tick>([&object = *receiver](const Tick&) { object.on_tick(); }, {.delivery = Delivery::direct});
    auto emitter = start([&] { bus.emit(Tick{}); });
    entered.wait();
    disconnecting = true;
    receiver->subscription.disconnect();
    CHECK(receiver->touched == 1);
    receiver.reset();  // the address sanitizer tells if the handler still runs
    get_soon(std::move(emitter));
}

TEST_CASE("subscriptions whose receivers are gone end, whatever else is subscribed meanwhile",
          "[receivers][promise-5]") {
    EventBus bus;
    for (int i = 0; i < 20; ++i) {
        const auto receiver = std::make_shared<Collector>();
        bus.subscribe<Tick>(receiver, &Collector::on_tick, {.delivery = Delivery::direct}).detach();
        bus.emit(Tick{i});  // before this one is gone, and after the last one is
    }
    bus.emit(Tick{});
    CHECK(bus.subscription_count() == 0);
}

}  // namespace
