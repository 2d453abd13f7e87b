#include <hindsight/impl/detail/amended_draft.ipp>
