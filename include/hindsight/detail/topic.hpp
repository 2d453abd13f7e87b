// Topic: what a bus knows about the events of one name and one kind of payload, so that emitting looks nothing up
// twice.
#pragma once

#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/detail/thread_safety.hpp>
#include <hindsight/detail/type_identity.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::detail {

struct Topic {
    /// `in_bus`: for a topic of a scope, that of the bus itself, if there is one, which counts for it, too.
    Topic(std::string_view name_, const EventType& type_, std::string_view scope_ = {}, Topic* in_bus = nullptr)
        : name(name_), scope(scope_), self_named(type_.self_named), dynamic(type_.dynamic), type(type_),
          emitted(in_bus != nullptr ? in_bus->emitted : own_emitted) {
        for (const Upcast& each : type_.bases) bases.emplace_front(*each.base);
    }
    Topic(const Topic&) = delete;
    Topic& operator=(const Topic&) = delete;

    const std::string name;
    const std::string scope;  // empty: the bus itself
    const bool self_named;
    const bool dynamic;  // see EventType
    const TypeIdentity type;
    std::forward_list<TypeIdentity> bases;  // that its events are delivered to as well

    bool derives_from(const EventType& base) const noexcept {
        return std::ranges::any_of(bases, [&](const TypeIdentity& each) { return each.is(base); });
    }

    /// The subscribers; null: they have changed since the last snapshot was built. Written under the registry's mutex.
    std::atomic<const Snapshot*> current{nullptr};
    std::unique_ptr<const Snapshot> newest;  // the last one that was built; guarded by the registry's mutex
    std::uint64_t generation = 0;            // of the subscribers; guarded by the registry's mutex

    enum class Keeping : std::uint64_t {
        none,     // not in history, and nothing is counted
        counted,  // not in history, but counted by a rule of its own
        kept,
        asked,  // the user's policy is asked
        // anything else: not known
    };
    /// How history keeps these events, if that was looked up at this version of the ledger's history.
    Keeping keeping_at(std::uint64_t version) const noexcept {
        return Keeping{retention_.load(std::memory_order_acquire) - version * ways_to_keep};
    }
    bool knows_retention(std::uint64_t version) const noexcept { return keeping_at(version) <= Keeping::asked; }
    /// Looked up with it; used under the ledger's lock.
    RetentionRule* rule = nullptr;

    /// Whether these are the subscribers; decided under the ledger's lock, where joining changes it.
    bool has_still(const Snapshot& subscribers) const noexcept {
        return current.load(std::memory_order_acquire) == &subscribers;
    }

    void look_up_retention_locked(Ledger& ledger) noexcept HINDSIGHT_REQUIRES(ledger.mutex) {
        rule = &ledger.history.rule_for(name);
        Keeping found = rule->pattern.has_value() ? Keeping::counted : Keeping::none;
        if (rule->kind != RetentionRule::Kind::none) found = Keeping::kept;
        if (std::holds_alternative<RetentionPolicy::Custom>(rule->policy.get())) found = Keeping::asked;
        const std::uint64_t version = ledger.history_version.load(std::memory_order_relaxed);
        retention_.store(version * ways_to_keep + static_cast<std::uint64_t>(found), std::memory_order_release);
    }

    Counter own_emitted;
    Counter& emitted;  // of the bus's topic, in any scope
    bool counts_for_bus() const noexcept { return &emitted != &own_emitted; }

private:
    static constexpr std::uint64_t ways_to_keep = 4;

    std::atomic<std::uint64_t> retention_{0};  // a version, and Keeping; written under the ledger's lock
};

/// Topics by the address of their type's description: the lookup of every emit. Readers take no lock; writers are
/// serialised by the registry's mutex. In a table empty entries are filled (type last, with release; readers acquire
/// it) and topics replaced; it is never freed before the end, since a reader may be in it; sizes double, so the old
/// ones together are no larger than the last. An address may come to mean another type when shared libraries are
/// unloaded and loaded: the topic's identity decides.
class TopicsByType {
public:
    /// `size`: that it begins with, a power of two.
    explicit TopicsByType(std::size_t size = 64) {
        tables_.push_back(std::make_unique<Table>(size));
        current_.store(tables_.back().get());
    }

    Topic* find(const EventType& type) const noexcept {
        const Table& table = *current_.load(std::memory_order_acquire);
        Topic* const topic = table.entry_of(type).topic.load(std::memory_order_acquire);
        return topic != nullptr && topic->type.identity == type.identity ? topic : nullptr;
    }
    /// The same, in few steps; null also for some types that are there.
    HINDSIGHT_ALWAYS_INLINE Topic* find_quickly(const EventType& type) const noexcept {
        const Table& table = *current_.load(std::memory_order_acquire);
        const Entry& entry = table.entries[start(type) & table.mask];
        if (entry.type.load(std::memory_order_acquire) != &type) [[unlikely]]
            return nullptr;
        Topic* const topic = entry.topic.load(std::memory_order_acquire);  // there before the type
        return topic->type.identity == type.identity ? topic : nullptr;
    }

    /// Not while another thread adds. Throws std::bad_alloc, changing nothing.
    void add(const EventType& type, Topic& topic) {
        if (find(type) != nullptr) return;
        Table* table = tables_.back().get();
        if ((table->used + 1) * 2 > table->mask + 1) {
            auto larger = std::make_unique<Table>((table->mask + 1) * 2);
            for (std::size_t i = 0; i <= table->mask; ++i) {
                const Entry& entry = table->entries[i];
                if (const EventType* const there = entry.type.load(std::memory_order_relaxed)) {
                    larger->set(*there, *entry.topic.load(std::memory_order_relaxed));
                }
            }
            tables_.push_back(std::move(larger));
            table = tables_.back().get();
        }
        table->set(type, topic);
        current_.store(table, std::memory_order_release);
    }

private:
    struct Entry {
        std::atomic<const EventType*> type{nullptr};
        std::atomic<Topic*> topic{nullptr};
    };
    struct Table {
        explicit Table(std::size_t size) : entries(new Entry[size]), mask(size - 1) {}

        /// The type's entry, or the empty one where it would be.
        Entry& entry_of(const EventType& type) const noexcept {
            std::size_t i = start(type) & mask;
            for (;; i = (i + 1) & mask) {
                const EventType* const there = entries[i].type.load(std::memory_order_acquire);
                if (there == &type || there == nullptr) [[likely]]
                    return entries[i];
            }
        }
        void set(const EventType& type, Topic& topic) noexcept {
            Entry& entry = entry_of(type);
            entry.topic.store(&topic, std::memory_order_release);
            if (entry.type.load(std::memory_order_relaxed) == nullptr) ++used;
            entry.type.store(&type, std::memory_order_release);
        }

        std::unique_ptr<Entry[]> entries;
        std::size_t mask;
        std::size_t used = 0;
    };

    static std::size_t start(const EventType& type) noexcept {
        // Descriptions are larger than 64 bytes: the low bits say nothing.
        return reinterpret_cast<std::uintptr_t>(&type) >> 6;
    }

    std::vector<std::unique_ptr<Table>> tables_;
    std::atomic<const Table*> current_{nullptr};
};

}  // namespace hindsight::detail
