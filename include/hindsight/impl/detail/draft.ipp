#pragma once

#include <hindsight/detail/draft.hpp>
#include <hindsight/detail/name_rules.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/make_envelope.hpp>

#include <limits>
#include <string>

namespace hindsight::detail {

namespace draft {

inline void require_short(std::string_view what, std::size_t size, std::size_t most) {
    if (size > most) {
        throw InvalidArgument("emit: " + std::string(what) + " has " + std::to_string(size) + " bytes; " +
                              std::to_string(most) + " are allowed");
    }
}

}  // namespace draft

HINDSIGHT_INLINE void check_name(const Draft& draft) {
    if (!draft.type.self_named) return;
    require_valid_name(draft.name());
    if (is_library_name(draft.name())) {
        throw InvalidName("\"" + std::string(draft.name()) +
                          "\": names that begin with \"hindsight\" are the library's");
    }
}

HINDSIGHT_INLINE void check_texts_thoroughly(const Draft& draft) {
    constexpr std::size_t long_text = std::numeric_limits<std::uint32_t>::max() / 4;
    if (draft.options.severity > Severity::critical) throw InvalidArgument("emit: severity is no Severity");
    draft::require_short("the source", draft.options.source.size(), max_text_bytes);
    draft::require_short("the key", draft::key_of(draft).size(), max_text_bytes);
    draft::require_short("the correlation", draft.options.correlation.size(), max_text_bytes);
    const Draft::Metadata metadata = draft.metadata();
    if (metadata.size() > max_text_bytes) {
        throw InvalidArgument("emit: more than " + std::to_string(max_text_bytes) + " metadata entries");
    }
    std::size_t total = 0;
    for (const auto& [name, value] : metadata) total += name.size() + value.size();
    draft::require_short("the metadata", total, long_text);
}

}  // namespace hindsight::detail
