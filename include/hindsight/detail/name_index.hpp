// NameIndex: which records of a log have a certain name: a TextIndex that also knows the names in their order, so that
// those that begin with a text are found together, and remembers the entries of the types that were asked for last.
// Knows nothing of threads.
#pragma once

#include <hindsight/detail/envelope.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/text_index.hpp>
#include <hindsight/export.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

namespace hindsight::detail {

class HINDSIGHT_API NameIndex {
public:
    std::size_t size() const noexcept { return entries_.size(); }
    const TextEntry* find(std::string_view name) const noexcept { return entries_.find(name); }
    /// Visits the names that begin with the text, in their order, until one visit says false.
    template <class F>
    void for_each_beginning_with(std::string_view text, F visit) const {
        for (auto each = ordered_.lower_bound(text); each != ordered_.end(); ++each) {
            if (!(*each)->text().starts_with(text) || !visit(**each)) return;
        }
    }

    /// As those of TextIndex.
    TextEntry& prepare(const Envelope& envelope) {
        if (TextEntry* const known = remembered(envelope)) [[likely]] {
            TextIndex::make_fit(*known);
            return *known;
        }
        return prepare_unknown(envelope);
    }
    void add(TextEntry& entry, Position position) noexcept {
        if (entry.postings.empty()) [[unlikely]]
            ordered_.insert(std::move(spare_node_));
        entries_.add(entry, position);
    }
    template <class F>
    void remove(const Envelope& envelope, Position position, F is_live) noexcept {
        TextEntry* entry = remembered(envelope);
        if (entry == nullptr) entry = entries_.find(envelope.name());
        entry->postings.remove(position, is_live);
        if (entry->postings.empty()) [[unlikely]]
            erase(*entry);
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
    /// Descriptions of types may go, and others come to lie at their addresses: the identity decides.
    struct Remembered {
        const EventType* type = nullptr;
        std::uint64_t identity = 0;
        TextEntry* entry = nullptr;
    };
    static constexpr std::size_t most_remembered = 32;

    static std::size_t slot_of(const EventType& type) noexcept {
        // Descriptions are larger than 64 bytes: the low bits say nothing.
        return (reinterpret_cast<std::uintptr_t>(&type) >> 6) % most_remembered;
    }
    /// Null: not known, or of a type whose events name themselves.
    TextEntry* remembered(const Envelope& envelope) const noexcept {
        const EventType& type = *envelope.type;
        const Remembered& there = remembered_[slot_of(type)];
        return there.type == &type && there.identity == type.identity ? there.entry : nullptr;
    }
    TextEntry& prepare_unknown(const Envelope& envelope);
    void erase(TextEntry& entry) noexcept;

    TextIndex entries_;
    Ordered ordered_;
    Ordered::node_type spare_node_;  // for the spare entry
    std::array<Remembered, most_remembered> remembered_{};
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/name_index.ipp>
#endif
