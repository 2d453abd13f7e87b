// Shorthand for records in tests: how to get one of an event, and how to look at many.
#pragma once

#include <hindsight/event_store.hpp>
#include <hindsight/options.hpp>
#include <hindsight/record.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hindsight::test {

/// Appends the event to a store that keeps it.
template <class E>
Record record_of(EventStore& store, E&& event, const EmitOptions& options = {}) {
    const Receipt receipt = store.append(std::forward<E>(event), options);
    return store.find(receipt.seq).value();
}

/// A copy of the payload, for records that are temporaries.
template <class E>
const E payload_of(const Record& record) {
    return record.as<E>();
}

inline std::string key_of(const Record& record) {
    return std::string(record.key());
}

using Seqs = std::vector<Seq>;

template <class Records>
Seqs seqs_of(const Records& records) {
    Seqs seqs;
    for (const Record& record : records) seqs.push_back(record.seq());
    return seqs;
}

}  // namespace hindsight::test
