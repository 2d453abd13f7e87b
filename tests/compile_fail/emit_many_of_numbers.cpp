// expect: static.assert(ion)? failed.*hindsight: a number is no event
#include <hindsight/hindsight.hpp>

#include <vector>

void misuse(hindsight::EventBus& bus) {
    bus.emit_many(std::vector<int>{1, 2});
}
