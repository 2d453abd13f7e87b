// expect: static.assert(ion)? failed.*Traits::Mutex must be std::mutex or hindsight::NullMutex
#include <hindsight/hindsight.hpp>

#include <shared_mutex>

struct SharedTraits {
    using Mutex = std::shared_mutex;
};

hindsight::BasicEventBus<SharedTraits> misuse;
