// expect: no_such_header\.hpp
#include <hindsight/no_such_header.hpp>
