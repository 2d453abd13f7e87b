// expect: static.assert(ion)? failed.*hindsight: a retention policy needs.*const
#include <hindsight/hindsight.hpp>

struct KeepAll {
    bool should_store(const hindsight::Record&) { return true; }
    std::size_t capacity() const { return 10; }
};

hindsight::RetentionPolicy policy = KeepAll{};
