// expect: static.assert(ion)? failed.*hindsight: a filter.*where<Event>
#include <hindsight/hindsight.hpp>

struct Tick {
    int number = 0;
};

void misuse(hindsight::EventBus& bus) {
    auto subscription =
        bus.subscribe<Tick>([](const Tick&) {}, {.filter = [](const Tick& tick) { return tick.number > 0; }});
}
