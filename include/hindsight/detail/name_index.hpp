// NameIndex: which records of a log have a certain name: a TextIndex that also knows the names in their order, so that
// those that begin with a text are found together, and remembers the entries of the types that were asked for last.
// Knows nothing of threads.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/text_index.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

namespace hindsight::detail {

class HINDSIGHT_API NameIndex {
public:
    std::size_t size() const noexcept { return entries_.size(); }
    /// Whether there are any of the library's own.
    bool holds_library_names() const noexcept { return library_names_ > 0; }
    const TextEntry* find(std::string_view name) const noexcept { return entries_.find(name); }
    /// Visits the names that begin with the text, in their order, until one visit says false.
    template <class F>
    void for_each_beginning_with(std::string_view text, F visit) const {
        for (auto each = ordered_.lower_bound(text); each != ordered_.end(); ++each) {
            if (!(*each)->text().starts_with(text) || !visit(**each)) return;
        }
    }

    /// As those of TextIndex.
    HINDSIGHT_ALWAYS_INLINE TextEntry& prepare(const Envelope& envelope) {
        const EventType& type = *envelope.type;
        const Remembered& there = remembered_[slot_of(type)];
        if (there.type != &type || there.identity != type.identity) [[unlikely]]
            return prepare_unknown(envelope);
        TextIndex::make_fit(*there.entry);
        return *there.entry;
    }
    /// The entry of a type that was asked for last at its place in memory; else null.
    HINDSIGHT_ALWAYS_INLINE TextEntry* remembered(const EventType& type) const noexcept {
        const Remembered& there = remembered_[slot_of(type)];
        return there.type == &type && there.identity == type.identity ? there.entry : nullptr;
    }
    void add(TextEntry& entry, Position position) noexcept {
        if (entry.postings.empty()) [[unlikely]]
            return add_first(entry, position);
        entry.postings.push_back(position);
    }
    void reserve(const Envelope& envelope, std::size_t count) {
        const Remembered& there = remembered_[slot_of(*envelope.type)];
        if (envelope.name_size == 0 && there.type == envelope.type && there.identity == envelope.type->identity)
            return TextIndex::reserve_in(*there.entry, count);
        reserve_unknown(envelope, count);
    }
    void settle(const Envelope& envelope) noexcept {
        TextEntry* const entry = entries_.find(envelope.name());
        if (entry == nullptr) return;
        entry->reserved = 0;
        if (entry->postings.empty()) erase(*entry);
    }
    template <class F>
    void remove(const Envelope& envelope, Position position, F is_live) noexcept {
        TextEntry& entry = entry_of(envelope);
        entry.postings.remove(position, is_live);
        if (entry.postings.empty()) erase(entry);
    }
    /// The same for the first position of all, which is its text's first.
    template <class F>
    HINDSIGHT_ALWAYS_INLINE void remove_first(const Envelope& envelope, F is_live) noexcept {
        TextEntry& entry = entry_of(envelope);
        entry.postings.remove_first(is_live);
        if (entry.postings.empty()) [[unlikely]]
            erase(entry);
    }
    template <class F>
    void for_each(F visit) {
        entries_.for_each(visit);
    }
    void clear() noexcept;

private:
    struct InOrder {
        using is_transparent = void;
        static std::string_view text(std::string_view text) noexcept { return text; }
        static std::string_view text(const TextEntry* entry) noexcept { return entry->text(); }
        template <class A, class B>
        bool operator()(const A& a, const B& b) const noexcept {
            return text(a) < text(b);
        }
    };
    using Ordered = std::set<TextEntry*, InOrder>;
    /// The entry of the events of a type, which do not name themselves. Descriptions of types may go, and others come
    /// to lie at their addresses: whoever adds a record looks at the identity, too.
    struct alignas(32) Remembered {
        const EventType* type = nullptr;
        std::uint64_t identity = 0;
        TextEntry* entry = nullptr;
    };
    static constexpr std::size_t most_remembered = 32;

    static std::size_t slot_of(const EventType& type) noexcept {
        // Descriptions are larger than 64 bytes: the low bits say nothing.
        return (reinterpret_cast<std::uintptr_t>(&type) >> 6) % most_remembered;
    }
    TextEntry& entry_of(const Envelope& envelope) const noexcept {
        const Remembered& there = remembered_[slot_of(*envelope.type)];
        return there.type == envelope.type ? *there.entry : *entries_.find(envelope.name());
    }
    TextEntry& prepare_unknown(const Envelope& envelope);
    void reserve_unknown(const Envelope& envelope, std::size_t count);
    void add_first(TextEntry& entry, Position position) noexcept;
    void erase(TextEntry& entry) noexcept;

    TextIndex entries_;
    Ordered ordered_;
    Ordered::node_type spare_node_;  // for the spare entry
    std::size_t library_names_ = 0;
    std::array<Remembered, most_remembered> remembered_{};
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/name_index.ipp>
#endif
