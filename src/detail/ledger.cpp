#include <hindsight/impl/detail/ledger.ipp>
