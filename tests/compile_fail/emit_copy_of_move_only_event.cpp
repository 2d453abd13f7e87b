// expect: static.assert(ion)? failed.*cannot be copied; emit it with std::move\(event\)
#include <hindsight/hindsight.hpp>

#include <memory>

struct Parcel {
    std::unique_ptr<int> content;
};

void misuse(hindsight::EventBus& bus) {
    Parcel parcel;
    bus.emit(parcel);
}
