// What has happened, for tools that show it: as a trace for Perfetto and chrome://tracing, as a Mermaid sequence
// diagram, as a Graphviz graph, and as JSON lines (json_lines.hpp); see docs/exporting.md.
#pragma once

#include <hindsight/delivery_log.hpp>
#include <hindsight/detail/api.hpp>
#include <hindsight/json_lines.hpp>
#include <hindsight/record.hpp>

#include <iosfwd>
#include <span>
#include <vector>

namespace hindsight {

// All of these write a query's result in its order, skip empty records, and give the same text for the same input.
// Whatever texts stand in the records, the format stays whole: they are escaped; malformed UTF-8 becomes U+FFFD.
//
// Thread-safe for different streams; no lock is taken. O(n log n) for n records and runs, with some ten bytes of memory
// for each. What the stream and the payloads' own JSON conversions throw comes through, as does std::bad_alloc: the
// text ends in the middle then. Look at the stream's state afterwards, as the stream's other users do.

/// A trace in Chrome's trace event format, JSON, which Perfetto (https://ui.perfetto.dev) and chrome://tracing load.
///
/// - In the process "events": a track for each source, in the order of their first events ("(no source)" where it is
///   empty); on it a slice for each event, with all of `to_json` as its arguments. Events take no time: a slice is a
///   microsecond long, or as long as there is room before the next.
/// - In the process "handlers": a track for each thread that ran handlers, on it a slice for each run (see
///   DeliveryLog), inside that of the run that it was called in. A run is named as errors name its handler. A run that
///   seems to end after the one around it, as the clock was set back, is cut; its arguments have the exact times.
/// - An arrow from each event to those that it caused, and to the runs of its handlers, if both are there and the
///   second is not the earlier one. A cause that is not among the records is in the arguments only.
///
/// Times are exact, in microseconds with three decimals, from the earliest that there is: the trace's
/// `otherData.begin`.
HINDSIGHT_API void write_trace(std::ostream& out, std::span<const Record> records,
                               std::span<const HandlerRun> runs = {});

/// A Mermaid sequence diagram: the sources are the participants, in the order of their first events; those of a scope
/// stand in a box with its name, and a source that emits in several scopes is a participant in each. An event with a
/// cause is a message from the cause's source to its own; one without, a note over its source, as is one whose cause is
/// not among the records: the note says so. Each shows the event's name and seq.
///
/// Texts are shown in 100 characters at most, those that end lines or steer terminals as spaces. Mermaid itself draws
/// texts of 50,000 characters, unless its `maxTextSize` says otherwise: some 500 events.
HINDSIGHT_API void write_mermaid(std::ostream& out, std::span<const Record> records);

/// A directed graph for Graphviz (`dot -Tsvg`): a node for each event with its name and seq, in a cluster for each
/// source, which lies in one for its scope, coloured by severity; an edge from each cause to what it caused. A cause
/// that is not among the records is a small node without a frame, with its seq alone, and its edge is dashed.
///
/// Texts are shown in 100 characters at most, those that end lines or steer terminals as spaces.
HINDSIGHT_API void write_graphviz(std::ostream& out, std::span<const Record> records);

/// The same for what typed queries give.
template <class E>
void write_trace(std::ostream& out, const std::vector<TypedRecord<E>>& records, std::span<const HandlerRun> runs = {}) {
    write_trace(out, std::vector<Record>(records.begin(), records.end()), runs);
}
template <class E>
void write_mermaid(std::ostream& out, const std::vector<TypedRecord<E>>& records) {
    write_mermaid(out, std::vector<Record>(records.begin(), records.end()));
}
template <class E>
void write_graphviz(std::ostream& out, const std::vector<TypedRecord<E>>& records) {
    write_graphviz(out, std::vector<Record>(records.begin(), records.end()));
}

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/export_graphviz.ipp>
#    include <hindsight/impl/export_mermaid.ipp>
#    include <hindsight/impl/export_trace.ipp>
#endif
