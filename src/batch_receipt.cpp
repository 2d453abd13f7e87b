#include <hindsight/impl/batch_receipt.ipp>
