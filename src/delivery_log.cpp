#include <hindsight/impl/delivery_log.ipp>
