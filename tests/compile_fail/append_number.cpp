// expect: static.assert(ion)? failed.*hindsight: a number is no event
#include <hindsight/event_store.hpp>

void misuse(hindsight::EventStore& store) {
    store.append(42);
}
