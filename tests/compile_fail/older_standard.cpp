// expect: hindsight needs C\+\+20
// flags: -std=c++17
#include <hindsight/hindsight.hpp>
