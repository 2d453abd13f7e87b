// Writes records as JSON lines, for files and pipes: one record a line, with all that is needed to read it back. See
// read_json_lines.hpp for the way back.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/format.hpp>
#include <hindsight/record.hpp>

#include <iosfwd>
#include <vector>

namespace hindsight {

/// Writes what `to_json` says of the record, and a line end. Whatever stands in texts, it stays one line of valid
/// UTF-8.
///
/// Throws InvalidArgument for an empty record, Error when the stream fails, and what `to_json` throws; in the latter
/// case nothing was written.
HINDSIGHT_API void write_json_line(std::ostream& out, const Record& record);

/// Writes a line for each record: `write_json_lines(file, bus.history().query())`. What throws leaves the lines before
/// it written.
HINDSIGHT_API void write_json_lines(std::ostream& out, const std::vector<Record>& records);

/// The same for typed results.
template <class E>
void write_json_lines(std::ostream& out, const std::vector<TypedRecord<E>>& records) {
    for (const TypedRecord<E>& record : records) write_json_line(out, record);
}

}  // namespace hindsight

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/json_lines.ipp>
#endif
