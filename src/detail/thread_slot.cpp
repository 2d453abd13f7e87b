#include <hindsight/impl/detail/thread_slot.ipp>
