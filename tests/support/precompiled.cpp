// Carries the precompiled headers that all tests reuse.
#include "support/catch.hpp"

#include <hindsight/hindsight.hpp>
