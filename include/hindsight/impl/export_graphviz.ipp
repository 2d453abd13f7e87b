#pragma once

#include <hindsight/detail/json_scalars.hpp>
#include <hindsight/export.hpp>
#include <hindsight/impl/detail/drawn_sources.hpp>
#include <hindsight/impl/detail/drawn_text.hpp>
#include <hindsight/impl/detail/exported_records.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hindsight::detail {

namespace export_graphviz {

/// Inside quotes. Graphviz reads escapes like `\n`, and entities like `&lt;`.
inline void append_text(std::string& out, std::string_view text) {
    for_each_drawn(text, [&](std::string_view character) {
        if (character == "&") {
            out += "&amp;";
            return;
        }
        if (character == "\"" || character == "\\") out += '\\';
        out += character;
    });
}

inline void append_node(std::string& out, std::string_view kind, std::size_t number) {
    out += kind;
    append_json_number(out, std::uint64_t{number + 1});
}

inline void begin_cluster(std::string& out, std::string_view kind, std::size_t number, std::string_view label) {
    append_node(out += "    subgraph ", kind, number);
    append_text(out += " {\n        label=\"", label);
    out += "\";\n";
}

inline std::string_view colour_of(Severity severity) noexcept {
    switch (severity) {
    case Severity::trace:
    case Severity::debug:
        return "gray90";
    case Severity::info:
        return "white";
    case Severity::warning:
        return "khaki";
    case Severity::error:
        return "salmon";
    case Severity::critical:
        return "red";
    }
    return "white";
}

inline void append_event(std::string& out, std::size_t number, const Record& record) {
    append_node(out += "        ", "e", number);
    append_text(out += " [label=\"", record.name());
    append_json_number(out += "\\n#", record.seq());
    out += "\", fillcolor=";
    out += colour_of(record.severity());
    out += "];\n";
}

/// Causes that are not among the records, each once, in the order of their seqs.
inline std::vector<RecordId> earlier_causes(const ExportedRecords& exported) {
    std::vector<RecordId> causes;
    for (std::size_t i = 0; i < exported.records().size(); ++i) {
        const Record& record = *exported.records()[i];
        if (record.cause() != 0 && exported.cause_of(i) == ExportedRecords::none)
            causes.push_back({record.id().origin, record.cause()});
    }
    std::ranges::sort(causes);
    causes.erase(std::unique(causes.begin(), causes.end()), causes.end());
    return causes;
}

}  // namespace export_graphviz

}  // namespace hindsight::detail

namespace hindsight {

HINDSIGHT_INLINE void write_graphviz(std::ostream& out, std::span<const Record> records) {
    using namespace detail;
    using namespace detail::export_graphviz;
    const ExportedRecords exported(records);
    std::string text = "digraph events {\n    rankdir=LR;\n    node [shape=box, style=filled];\n";
    const auto write = [&] {
        out << text;
        text.clear();
    };

    const DrawnSources sources(exported);
    std::size_t scopes = 0;
    for (std::size_t i = 0; i < sources.all().size(); ++i) {
        const DrawnSources::Source& source = sources.all()[i];
        if (!source.scope.empty() && sources.begins_scope(i))
            begin_cluster(text, "cluster_scope_", scopes++, source.scope);
        begin_cluster(text, "cluster_", i, shown_source(source.name));
        for (const std::size_t record : source.records) {
            append_event(text, record, *exported.records()[record]);
            write();
        }
        text += "    }\n";
        if (!source.scope.empty() && sources.ends_scope(i)) text += "    }\n";
    }

    const std::vector<RecordId> earlier = earlier_causes(exported);
    for (std::size_t i = 0; i < earlier.size(); ++i) {
        append_node(text += "    ", "earlier_", i);
        append_json_number(text += " [shape=plaintext, style=solid, label=\"#", earlier[i].seq);
        text += "\"];\n";
    }
    for (std::size_t i = 0; i < exported.records().size(); ++i) {
        const Record& record = *exported.records()[i];
        if (record.cause() == 0) continue;
        const std::size_t cause = exported.cause_of(i);
        if (cause != ExportedRecords::none) {
            append_node(text += "    ", "e", cause);
            append_node(text += " -> ", "e", i);
        } else {
            const auto found = std::ranges::lower_bound(earlier, RecordId{record.id().origin, record.cause()});
            append_node(text += "    ", "earlier_", static_cast<std::size_t>(found - earlier.begin()));
            append_node(text += " -> ", "e", i);
            text += " [style=dashed]";
        }
        text += ";\n";
        write();
    }
    text += "}\n";
    write();
}

}  // namespace hindsight
