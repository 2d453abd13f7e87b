#include <hindsight/impl/receipt.ipp>
