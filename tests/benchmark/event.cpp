#include "event.hpp"

namespace hindsight_benchmark {

const Event event{1, 2, 3, 4};

}  // namespace hindsight_benchmark
