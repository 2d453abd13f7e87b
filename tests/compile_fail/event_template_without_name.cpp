// expect: static.assert(ion)? failed.*this event has no valid name
#include <hindsight/hindsight.hpp>

template <class T>
struct Changed {
    T value;
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Changed<int>{1});
}
