// expect: hindsight: this type cannot be read from JSON: describe it
#include <hindsight/hindsight.hpp>
#include <hindsight/json.hpp>

struct Tick {
    int number;
};

void misuse(hindsight::EventBus& bus) {
    hindsight::accept_json<Tick>(bus);
}
