#pragma once

#include <hindsight/error.hpp>
#include <hindsight/json_lines.hpp>

#include <ostream>
#include <string>

namespace hindsight {

HINDSIGHT_INLINE void write_json_line(std::ostream& out, const Record& record) {
    if (!record) throw InvalidArgument("write_json_line: the record is empty");
    const std::string line = to_json(record) + '\n';
    if (!out.write(line.data(), static_cast<std::streamsize>(line.size()))) {
        throw Error("write_json_line: the stream failed at the record with seq " + std::to_string(record.seq()));
    }
}

HINDSIGHT_INLINE void write_json_lines(std::ostream& out, const std::vector<Record>& records) {
    for (const Record& record : records) write_json_line(out, record);
}

}  // namespace hindsight
