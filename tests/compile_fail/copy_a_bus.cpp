// expect: deleted function|deleted constructor
#include <hindsight/hindsight.hpp>

hindsight::EventBus misuse(const hindsight::EventBus& bus) {
    return bus;
}
