#pragma once

#include <hindsight/detail/json_scalars.hpp>
#include <hindsight/export.hpp>
#include <hindsight/impl/detail/drawn_sources.hpp>
#include <hindsight/impl/detail/drawn_text.hpp>
#include <hindsight/impl/detail/exported_records.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::detail {

namespace export_mermaid {

/// Means nothing to Mermaid wherever it stands inside a text.
inline bool is_harmless(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" _.,/()").find(c) != std::string_view::npos;
}

/// The number of one well-formed character.
inline std::uint64_t code_point(std::string_view character) noexcept {
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(character[index]); };
    if (character.size() == 1) return byte(0);
    std::uint64_t number = byte(0) & (0x7fU >> character.size());
    for (std::size_t i = 1; i < character.size(); ++i) number = number << 6U | (byte(i) & 0x3fU);
    return number;
}

inline void append_entity(std::string& out, std::string_view character) {
    out += '#';
    append_json_number(out, code_point(character));
    out += ';';
}

/// What is no plain character goes as its number, `#59;`, which Mermaid turns into the character when it draws.
inline void append_text(std::string& out, std::string_view text) {
    std::vector<std::string_view> characters;
    for_each_drawn(text, [&](std::string_view character) { characters.push_back(character); });
    for (std::size_t i = 0; i < characters.size(); ++i) {
        const std::string_view character = characters[i];
        // Spaces of any script are cut off at the ends; and Mermaid writes the numbers as texts of its own, with this
        // letter, before it reads the rest.
        const bool at_end = i == 0 || i + 1 == characters.size();
        const bool plain = character.size() == 1 ? is_harmless(character[0]) && !(at_end && character == " ")
                                                 : !at_end && character != "\xef\xac\x82";
        if (plain || character == "...") {
            out += character;
        } else {
            append_entity(out, character);
        }
    }
}

inline void append_participant(std::string& out, std::size_t source) {
    out += 'p';
    append_json_number(out, std::uint64_t{source + 1});
}

}  // namespace export_mermaid

}  // namespace hindsight::detail

namespace hindsight {

HINDSIGHT_INLINE void write_mermaid(std::ostream& out, std::span<const Record> records) {
    using namespace detail;
    using namespace detail::export_mermaid;
    const ExportedRecords exported(records);
    const DrawnSources sources(exported);
    std::string text = "sequenceDiagram\n";
    const auto write = [&] {
        out << text;
        text.clear();
    };
    for (std::size_t i = 0; i < sources.all().size(); ++i) {
        const DrawnSources::Source& source = sources.all()[i];
        const bool in_box = !source.scope.empty();
        if (in_box && sources.begins_scope(i)) {
            // The first word would be taken for a colour.
            append_text(text += "    box transparent ", source.scope);
            text += '\n';
        }
        append_participant(text += in_box ? "        participant " : "    participant ", i);
        append_text(text += " as ", shown_source(source.name));
        text += '\n';
        if (in_box && sources.ends_scope(i)) text += "    end\n";
        write();
    }
    for (std::size_t i = 0; i < exported.records().size(); ++i) {
        const Record& record = *exported.records()[i];
        const std::size_t cause = exported.cause_of(i);
        if (cause != ExportedRecords::none) {
            append_participant(text += "    ", sources.source_of(cause));
            append_participant(text += "->>", sources.source_of(i));
        } else {
            append_participant(text += "    Note over ", sources.source_of(i));
        }
        append_text(text += ": ", record.name());
        append_json_number(text += " (", record.seq());
        if (cause == ExportedRecords::none && record.cause() != 0) {
            append_json_number(text += ", caused by ", record.cause());
            text += ", which is not shown";
        }
        text += ")\n";
        write();
    }
    write();
}

}  // namespace hindsight
