#include <hindsight/impl/detail/ledger_mutex.ipp>
