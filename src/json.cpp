#include <hindsight/impl/json.ipp>
