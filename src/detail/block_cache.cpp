#include <hindsight/impl/detail/block_cache.ipp>
