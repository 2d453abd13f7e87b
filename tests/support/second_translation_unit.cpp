// Linked into every test program: a definition in a header that should have been inline is then a link error.
#include <hindsight/hindsight.hpp>
