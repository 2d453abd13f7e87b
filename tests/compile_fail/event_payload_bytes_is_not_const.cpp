// expect: static.assert(ion)? failed.*hindsight: event_payload_bytes must be a const member function
#include <hindsight/hindsight.hpp>

struct Tick {
    std::size_t event_payload_bytes() { return 8; }
};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Tick{});
}
