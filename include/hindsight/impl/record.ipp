#pragma once

#include <hindsight/detail/json_text.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>
#include <hindsight/record.hpp>

namespace hindsight {

HINDSIGHT_INLINE std::vector<std::pair<std::string_view, std::string_view>> Record::metadata() const& {
    std::vector<std::pair<std::string_view, std::string_view>> entries;
    if (!envelope_) return entries;
    entries.reserve(envelope_->metadata_count);
    const char* at = envelope_->metadata();
    for (std::uint16_t i = 0; i < envelope_->metadata_count; ++i) {
        entries.push_back(detail::Envelope::metadata_entry(at));
        at += detail::Envelope::metadata_entry_size(at);
    }
    return entries;
}

HINDSIGHT_INLINE std::optional<std::string_view> Record::metadata(std::string_view wanted) const& noexcept {
    if (!envelope_) return std::nullopt;
    const char* at = envelope_->metadata();
    for (std::uint16_t i = 0; i < envelope_->metadata_count; ++i) {
        const auto [name, value] = detail::Envelope::metadata_entry(at);
        if (name == wanted) return value;
        at += detail::Envelope::metadata_entry_size(at);
    }
    return std::nullopt;
}

HINDSIGHT_INLINE void Record::throw_bad_cast(const detail::EventType& wanted) const {
    const std::string asked = "; asked for " + detail::readable_type_name(wanted);
    if (!envelope_) throw BadEventCast("the record is empty" + asked);
    const std::string what = "record " + std::to_string(seq()) + " (\"" + std::string(name()) + "\") ";
    const std::string held = detail::readable_type_name(*envelope_->type);
    if (truncated()) throw BadEventCast(what + "was kept without its payload, a " + held + asked);
    throw BadEventCast(what + "holds a " + held + asked);
}

HINDSIGHT_INLINE std::string HandlerError::event_json() const {
    std::string what;
    try {
        if (error) std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        what = exception.what();
    } catch (...) {
        what = "an exception that is not a std::exception";
    }
    std::string json = "{\"handler\":";
    detail::append_json_string(json, handler);
    json += ",\"event\":";
    detail::append_json_string(json, record.name());
    json += ",\"seq\":" + std::to_string(record.seq()) + ",\"error\":";
    detail::append_json_string(json, what);
    return json + "}";
}

}  // namespace hindsight
