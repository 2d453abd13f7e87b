// expect: static.assert(ion)? failed.*this event has inherited the name of its base
#include <hindsight/hindsight.hpp>

struct Failure {
    static constexpr std::string_view event_name = "failure.any";
    using event_base = Failure;
};
struct DiskFailure : Failure {};

void misuse(hindsight::EventBus& bus) {
    bus.emit(DiskFailure{});
}
