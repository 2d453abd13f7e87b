#include <hindsight/impl/detail/answers.ipp>
