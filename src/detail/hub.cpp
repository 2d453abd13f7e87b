#include <hindsight/impl/detail/hub.ipp>
#include <hindsight/impl/detail/hub_deliver.ipp>
#include <hindsight/impl/detail/hub_emit.ipp>
#include <hindsight/impl/detail/hub_hand_over.ipp>
#include <hindsight/impl/detail/hub_join.ipp>
#include <hindsight/impl/detail/hub_read.ipp>
#include <hindsight/impl/detail/hub_shutdown.ipp>
#include <hindsight/impl/detail/hub_statistics.ipp>
