#pragma once

#include <hindsight/detail/name_index.hpp>
#include <hindsight/detail/name_rules.hpp>

#include <utility>

namespace hindsight::detail {

HINDSIGHT_INLINE TextEntry& NameIndex::prepare_unknown(const Envelope& envelope) {
    TextEntry& entry = entries_.prepare(envelope.name());
    const bool is_spare = entries_.is_spare(entry);
    if (is_spare) {
        if (spare_node_.empty()) {
            Ordered single{&entry};
            spare_node_ = single.extract(single.begin());
        }
        spare_node_.value() = &entry;
    }
    if (envelope.name_size == 0) {
        entry.remembered = !is_spare;
        remembered_[slot_of(*envelope.type)] =
            is_spare ? Remembered{} : Remembered{envelope.type, envelope.type->identity, &entry};
    }
    return entry;
}

HINDSIGHT_INLINE void NameIndex::add_first(TextEntry& entry, Position position) noexcept {
    if (entries_.is_spare(entry)) {
        ordered_.insert(std::move(spare_node_));
        if (is_library_name(entry.text())) ++library_names_;
    }
    entries_.add(entry, position);
}

HINDSIGHT_INLINE void NameIndex::reserve_unknown(const Envelope& envelope, std::size_t count) {
    if (TextEntry* const there = entries_.find(envelope.name())) return TextIndex::reserve_in(*there, count);
    Ordered single{nullptr};
    Ordered::node_type node = single.extract(single.begin());
    node.value() = &entries_.reserve(envelope.name(), count);
    ordered_.insert(std::move(node));
}

HINDSIGHT_INLINE void NameIndex::erase(TextEntry& entry) noexcept {
    if (entry.reserved > 0) return;
    if (entry.remembered) {
        for (Remembered& each : remembered_) {
            if (each.entry == &entry) each = {};
        }
    }
    ordered_.erase(&entry);
    if (is_library_name(entry.text())) --library_names_;
    entries_.erase(entry);
}

HINDSIGHT_INLINE void NameIndex::clear() noexcept {
    remembered_ = {};
    ordered_.clear();
    spare_node_ = {};
    library_names_ = 0;
    entries_.clear();
}

}  // namespace hindsight::detail
