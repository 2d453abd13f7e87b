// expect: static.assert(ion)? failed.*the handler must be callable with
#include <hindsight/hindsight.hpp>

#include <memory>

struct Parcel {
    std::unique_ptr<int> content;
};

void misuse(hindsight::EventBus& bus) {
    auto subscription = bus.subscribe<Parcel>([](Parcel) {});
}
