// expect success
#include <hindsight/hindsight.hpp>

struct Tick {};

static_assert(hindsight::Event<Tick>);
