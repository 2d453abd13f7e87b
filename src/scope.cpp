#include <hindsight/impl/scope.ipp>
