// expect success
#include <hindsight/hindsight.hpp>

struct Tick {};

hindsight::Record first(const hindsight::EventBus& bus) {
    return bus.history().query().front();
}

bool is_tick(const hindsight::EventBus& bus) {
    const hindsight::Record record = bus.history().query().front();
    return record.name() == "tick" && record.get_if<Tick>() != nullptr && bus.history().query().front().seq() == 1;
}
