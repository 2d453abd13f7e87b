#include <hindsight/impl/detail/draft.ipp>
