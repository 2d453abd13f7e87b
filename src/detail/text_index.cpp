#include <hindsight/impl/detail/text_index.ipp>
