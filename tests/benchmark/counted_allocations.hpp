// How often the program has asked for memory: by operator new or malloc and its kin, on any thread.
#pragma once

#include <cstdint>

namespace hindsight_benchmark {

std::uint64_t allocations();

}  // namespace hindsight_benchmark
