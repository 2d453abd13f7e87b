#include <hindsight/impl/detail/block_slabs.ipp>
