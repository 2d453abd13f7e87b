#pragma once

#include <hindsight/detail/text_index.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace hindsight::detail {

namespace text_index {

inline void free(TextEntry* entry) noexcept {
    if (entry == nullptr) return;
    entry->~TextEntry();
    ::operator delete(entry);
}

}  // namespace text_index

HINDSIGHT_INLINE TextIndex::~TextIndex() {
    clear();
}

HINDSIGHT_INLINE void TextIndex::clear() noexcept {
    for (std::size_t i = 0; i < chains_; ++i) {
        while (TextEntry* const first = table_[i]) {
            table_[i] = first->next;
            text_index::free(first);
        }
    }
    table_.reset();
    chains_ = size_ = 0;
    text_index::free(std::exchange(spare_, nullptr));
}

HINDSIGHT_INLINE TextEntry& TextIndex::prepare_spare(std::string_view text) {
    if (size_ == chains_) grow();
    text_index::free(std::exchange(spare_, nullptr));
    auto* const made = ::new (::operator new(sizeof(TextEntry) + text.size())) TextEntry;
    made->hash = hash_of(text);
    made->size = static_cast<std::uint16_t>(text.size());
    std::ranges::copy(text, reinterpret_cast<char*>(made + 1));
    spare_ = made;
    return *made;
}

HINDSIGHT_INLINE void TextIndex::link_spare() noexcept {
    TextEntry*& chain = table_[spare_->hash & (chains_ - 1)];
    spare_->next = chain;
    chain = std::exchange(spare_, nullptr);
    ++size_;
}

HINDSIGHT_INLINE void TextIndex::make_really_fit(TextEntry& entry) {
    // What is reserved fits, in memory that may be large for what is there yet.
    if (entry.reserved == 0) entry.postings.make_fit();
}

HINDSIGHT_INLINE void TextIndex::erase(TextEntry& entry) noexcept {
    if (entry.reserved > 0) return;
    TextEntry** link = &table_[entry.hash & (chains_ - 1)];
    while (*link != &entry) link = &(*link)->next;
    *link = entry.next;
    --size_;
    text_index::free(&entry);
}

HINDSIGHT_INLINE void TextIndex::grow() {
    const std::size_t chains = std::max<std::size_t>(8, chains_ * 2);
    auto larger = std::make_unique<TextEntry*[]>(chains);
    for (std::size_t i = 0; i < chains_; ++i) {
        while (TextEntry* const each = table_[i]) {
            table_[i] = each->next;
            each->next = std::exchange(larger[each->hash & (chains - 1)], each);
        }
    }
    table_ = std::move(larger);
    chains_ = chains;
}

}  // namespace hindsight::detail
