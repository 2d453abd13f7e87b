#include <hindsight/impl/this_handler.ipp>
