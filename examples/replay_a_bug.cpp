// A bug that shows hours after it happened, found by replaying the recorded run: stock that does not add up.
#include <hindsight/hindsight.hpp>
#include <hindsight/replaying.hpp>

#include <boost/describe.hpp>
#include <fmt/core.h>

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

using hindsight::Record;
using namespace std::chrono_literals;

struct OrderPlaced {
    static constexpr std::string_view event_name = "order.placed";
    int order;
    int pieces;
    static constexpr auto event_key = &OrderPlaced::order;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (order, pieces))

struct OrderCancelled {
    static constexpr std::string_view event_name = "order.cancelled";
    int order;
    static constexpr auto event_key = &OrderCancelled::order;
};
BOOST_DESCRIBE_STRUCT(OrderCancelled, (), (order))

struct StockChanged {
    static constexpr std::string_view event_name = "stock.changed";
    int order;
    int by;
    int left;
    static constexpr auto event_key = &StockChanged::order;
};
BOOST_DESCRIBE_STRUCT(StockChanged, (), (order, by, left))

/// What runs in production, and once more in the laboratory. `mended`: without the bug.
class Warehouse {
public:
    static constexpr int pieces_at_first = 20;

    Warehouse(hindsight::EventBus& bus, bool mended)
        : placed_(bus.subscribe<OrderPlaced>([this, &bus](const OrderPlaced& order) {
              if (order.pieces > left_) return;
              reserved_[order.order] = order.pieces;
              left_ -= order.pieces;
              bus.emit(StockChanged{order.order, -order.pieces, left_});
          })),
          cancelled_(bus.subscribe<OrderCancelled>([this, &bus, mended](const OrderCancelled& order) {
              const auto reserved = reserved_.find(order.order);
              if (reserved == reserved_.end()) return;
              const int pieces = reserved->second;
              left_ += pieces;
              if (mended) reserved_.erase(reserved);
              bus.emit(StockChanged{order.order, pieces, left_});
          })) {}

    int left() const { return left_; }

private:
    std::map<int, int> reserved_;  // by order
    int left_ = pieces_at_first;
    hindsight::Subscription placed_;
    hindsight::Subscription cancelled_;
};

/// One thread, and a clock that goes where it is told: everything happens in the same way each time.
hindsight::BusOptions deterministic(const std::shared_ptr<hindsight::Clock>& clock) {
    return {.executor = std::make_shared<hindsight::InlineExecutor>(), .clock = clock};
}

const hindsight::TimePoint morning{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 8h};

/// A day in production; all that is left of it is its history.
void record_a_day(hindsight::EventStore& day) {
    const auto clock = std::make_shared<hindsight::ManualClock>(morning);
    hindsight::EventBus bus{deterministic(clock)};
    const Warehouse warehouse(bus, false);
    for (int order = 1; order <= 9; ++order) {
        bus.emit(OrderPlaced{order, 2 + order % 3}, {.source = "shop"});
        clock->advance(20min);
        if (order % 2 == 0) bus.emit(OrderCancelled{order - 1}, {.source = "shop"});
        if (order == 6) bus.emit(OrderCancelled{order - 1}, {.source = "hotline"});  // the customer calls, too
        clock->advance(10min);
    }
    fmt::print("In the evening the system says that {} pieces are left.\n", warehouse.left());
    bus.history().swap(day);
}

int main() {
    hindsight::EventStore day;
    record_a_day(day);

    // Only what came from outside: the rest comes of it again.
    const auto input = day.query({.where = [](const Record& record) { return record.cause() == 0; }});
    fmt::print("Recorded: {} events, {} of them from outside.\n", day.size(), input.size());

    // In the laboratory somebody counts along, which nobody does in production.
    const auto clock = std::make_shared<hindsight::ManualClock>(input.front().time());
    hindsight::EventBus laboratory{deterministic(clock)};
    const Warehouse suspect(laboratory, false);
    std::map<int, int> taken;  // by order
    std::stop_source stop;
    hindsight::Seq wrong = 0;
    const auto counting = laboratory.subscribe<StockChanged>(
        [&](const StockChanged& change, const Record& record) {
            taken[change.order] -= change.by;
            if (taken[change.order] >= 0 || wrong != 0) return;
            wrong = record.seq();
            stop.request_stop();
        },
        {.delivery = hindsight::Delivery::direct});
    const auto report = hindsight::replay(input, laboratory, {.stop = stop.get_token()});
    fmt::print("\nReplayed {} events, {} left: an order has given back more than it took.\n", report.emitted,
               report.left);

    fmt::print("\nWhere that came from:\n{}\n", laboratory.history().trace(wrong));

    const auto key = laboratory.history().find(wrong)->as<StockChanged>().order;
    const auto before = laboratory.history().as_of(wrong - 1);
    fmt::print("\nWhat history had of order {} just before:\n", key);
    for (const Record& record : before.query({.key = std::to_string(key)})) fmt::print("{}\n", record);

    // Would it have been right?
    hindsight::EventBus second_laboratory{
        deterministic(std::make_shared<hindsight::ManualClock>(input.front().time()))};
    const Warehouse mended(second_laboratory, true);
    hindsight::replay(input, second_laboratory, {.speed = hindsight::full_speed});
    fmt::print("\nMended, the same day ends with {} pieces.\n", mended.left());
}
