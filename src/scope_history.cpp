#include <hindsight/impl/scope_history.ipp>
