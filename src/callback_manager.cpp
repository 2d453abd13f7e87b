#include <hindsight/impl/callback_manager.ipp>
