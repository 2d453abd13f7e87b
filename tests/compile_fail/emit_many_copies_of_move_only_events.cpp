// expect: static.assert(ion)? failed.*hindsight: .*std::move
#include <hindsight/hindsight.hpp>

#include <memory>
#include <vector>

struct Parcel {
    std::unique_ptr<int> content;
};

void misuse(hindsight::EventBus& bus, const std::vector<Parcel>& parcels) {
    bus.emit_many(parcels);
}
