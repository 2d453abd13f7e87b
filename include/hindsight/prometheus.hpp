// Statistics in Prometheus's text format, for whoever serves them to a scraper or writes them to a file. Opt-in.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/statistics.hpp>

#include <string>

namespace hindsight {

/// All of it as metrics of the text format 0.0.4, each family with its HELP and TYPE: `bus.stats()` as
/// `hindsight_events_emitted_total` and so on; with WatchOptions::times histograms of seconds,
/// `hindsight_subscription_run_seconds` and the like, with buckets from 1 us to 100 s in steps of 1, 2.5 and 5.
///
/// What is told of each event name has the label `event`; of each subscription and middleware `id`, `name` and
/// `pattern`. Whatever stands in names, the text stays whole: labels are escaped, malformed UTF-8 becomes U+FFFD. A
/// `reset_stats` is to a scraper as if the program had been started again. Throws std::bad_alloc. O(size of the
/// result).
HINDSIGHT_API std::string to_prometheus(const Statistics& statistics);

/// The same for those of a store: `to_prometheus(bus.stats()) + to_prometheus(bus.history().stats())`. Rules have the
/// labels `rule`, their number, and `pattern`.
HINDSIGHT_API std::string to_prometheus(const StoreStatistics& statistics);

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/prometheus.ipp>
#endif
