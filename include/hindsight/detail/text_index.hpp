// TextIndex: which records of a log have a certain key, or source: a hash table from texts to postings.
//
// Entries are there for as long as a record has their text. An append first prepares an entry, which may throw, and
// then adds to it, which may not; until then a new entry is a spare one, which no search finds. Knows nothing of
// threads.
#pragma once

#include <hindsight/detail/api.hpp>
#include <hindsight/detail/postings.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace hindsight::detail {

/// The text lies behind it, in the same allocation.
struct TextEntry {
    TextEntry* next = nullptr;  // in its chain of the hash table
    Postings postings;          // empty: a spare one
    std::uint32_t hash = 0;
    std::uint16_t size = 0;
    bool remembered = false;     // by the index of names: see there
    std::uint32_t reserved = 0;  // positions that are about to be added: it stays until then, even if it is empty

    std::string_view text() const noexcept { return {reinterpret_cast<const char*>(this + 1), size}; }
};

class HINDSIGHT_API TextIndex {
public:
    TextIndex() noexcept = default;
    TextIndex(const TextIndex&) = delete;
    TextIndex& operator=(const TextIndex&) = delete;
    ~TextIndex();

    std::size_t size() const noexcept { return size_; }
    /// Null: no record has the text.
    TextEntry* find(std::string_view text) const noexcept { return find(text, hash_of(text)); }

    /// The text's entry, with room for one more position. Good until the next change. Throws std::bad_alloc, changing
    /// nothing that can be seen.
    TextEntry& prepare(std::string_view text) {
        TextEntry* const found = find(text);
        if (found == nullptr) [[unlikely]]
            return prepare_spare(text);
        make_fit(*found);
        return *found;
    }
    HINDSIGHT_ALWAYS_INLINE static void make_fit(TextEntry& entry) {
        if (!entry.postings.fits_one_more()) [[unlikely]]
            make_really_fit(entry);
    }

    /// To a prepared entry.
    void add(TextEntry& entry, Position position) noexcept {
        if (is_spare(entry)) [[unlikely]]
            link_spare();
        entry.postings.push_back(position);
    }
    bool is_spare(const TextEntry& entry) const noexcept { return &entry == spare_; }

    /// Makes sure that `prepare`, then `add`, needs no memory for this text, `count` times more than was reserved
    /// before, until it is settled. Throws std::bad_alloc, changing nothing.
    TextEntry& reserve(std::string_view text, std::size_t count) {
        TextEntry* entry = find(text);
        if (entry == nullptr) {
            entry = &prepare_spare(text);
            reserve_in(*entry, count);
            link_spare();
        } else {
            reserve_in(*entry, count);
        }
        return *entry;
    }
    /// The same for an entry that is there.
    static void reserve_in(TextEntry& entry, std::size_t count) {
        const auto all = static_cast<std::uint32_t>(entry.reserved + count);
        if (!entry.postings.has_room_for(all)) entry.postings.make_fit(entry.reserved + all);
        entry.reserved = all;
    }
    /// Nothing is reserved any more. Takes out the entry if it is empty.
    void settle(std::string_view text) noexcept {
        TextEntry* const entry = find(text);
        if (entry == nullptr) return;
        entry->reserved = 0;
        if (entry->postings.empty()) erase(*entry);
    }
    /// The text's position, of a record that is gone. Takes out the entry once it is empty.
    template <class F>
    void remove(std::string_view text, Position position, F is_live) noexcept {
        TextEntry& entry = *find(text);
        entry.postings.remove(position, is_live);
        if (entry.postings.empty()) erase(entry);
    }

    template <class F>
    void for_each(F visit) {
        for (std::size_t i = 0; i < chains_; ++i) {
            for (TextEntry* each = table_[i]; each != nullptr; each = each->next) visit(*each);
        }
    }
    /// An entry without positions, unless some are reserved.
    void erase(TextEntry& entry) noexcept;
    void clear() noexcept;

private:
    static std::uint32_t hash_of(std::string_view text) noexcept {
        return static_cast<std::uint32_t>(std::hash<std::string_view>()(text));
    }
    TextEntry* find(std::string_view text, std::uint32_t hash) const noexcept {
        if (chains_ == 0) return nullptr;
        TextEntry* each = table_[hash & (chains_ - 1)];
        while (each != nullptr && (each->hash != hash || each->text() != text)) each = each->next;
        return each;
    }
    static void make_really_fit(TextEntry& entry);
    TextEntry& prepare_spare(std::string_view text);
    void link_spare() noexcept;
    void grow();

    std::unique_ptr<TextEntry*[]> table_;
    std::size_t chains_ = 0;  // a power of two, once there are any
    std::size_t size_ = 0;
    TextEntry* spare_ = nullptr;
};

}  // namespace hindsight::detail

#ifdef HINDSIGHT_HEADER_ONLY
#    include <hindsight/impl/detail/text_index.ipp>
#endif
