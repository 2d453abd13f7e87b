// expect: static.assert(ion)? failed.*enumerated events need the enumeration's enumerators
#include <hindsight/hindsight.hpp>

enum class Kind { task_done };
template <>
struct hindsight::EventTraits<Kind> : hindsight::EnumeratedEvents<Kind> {};

void misuse(hindsight::EventBus& bus) {
    bus.emit(Kind::task_done);
}
