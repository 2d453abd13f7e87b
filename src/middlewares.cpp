#include <hindsight/impl/middlewares.ipp>
