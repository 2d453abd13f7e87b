// expect: static.assert(ion)? failed.*hindsight: a retention policy needs.*capacity
#include <hindsight/hindsight.hpp>

struct KeepAll {
    bool should_store(const hindsight::Record&) const { return true; }
};

hindsight::EventBus bus{{.history = {.policies = {{"*", KeepAll{}}}}}};
