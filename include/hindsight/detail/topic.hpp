// Topic: what a bus knows about the events of one name and one kind of payload, so that emitting looks nothing up
// twice.
#pragma once

#include <hindsight/detail/counter.hpp>
#include <hindsight/detail/event_type.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/detail/snapshot.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hindsight::detail {

/// What tells an event type from all others, copied: it outlives the shared library that the type came from.
struct TypeIdentity {
    explicit TypeIdentity(const EventType& type)
        : type_name(type.info->name()), size(type.size), alignment(type.alignment), identity(type.identity),
          address(type.unnamed_namespace ? &type : nullptr) {}

    bool is(const EventType& type) const noexcept {
        return identity == type.identity && address == (type.unnamed_namespace ? &type : nullptr) &&
               size == type.size && alignment == type.alignment && type_name == type.info->name();
    }

    std::string type_name;
    std::size_t size, alignment;
    std::uint64_t identity;
    const EventType* address;
};

struct Topic {
    Topic(std::string_view name_, const EventType& type_)
        : name(name_), self_named(type_.self_named), dynamic(type_.dynamic), type(type_) {}
    ~Topic() { delete snapshot.load(std::memory_order_relaxed); }
    Topic(const Topic&) = delete;
    Topic& operator=(const Topic&) = delete;

    const std::string name;
    const bool self_named;
    const bool dynamic;  // see EventType
    const TypeIdentity type;

    /// The subscribers; null before the first rebuild. Replaced under the registry's mutex.
    std::atomic<const Snapshot*> snapshot{nullptr};
    /// The subscribers have changed since the snapshot was built.
    std::atomic<bool> stale{true};
    std::uint64_t generation = 0;  // of the subscribers; guarded by the registry's mutex

    /// How history keeps these events, as found at `retention_version` of the ledger. Written under the ledger's lock;
    /// the rule is used there only.
    std::atomic<std::uint64_t> retention_version{0};
    enum class Keeping : std::uint8_t {
        none,     // not in history, and nothing is counted
        counted,  // not in history, but counted by a rule of its own
        kept,
        asked,  // the user's policy is asked
    };
    std::atomic<Keeping> keeping{Keeping::none};
    RetentionRule* rule = nullptr;

    bool knows_retention(std::uint64_t version) const noexcept {
        return retention_version.load(std::memory_order_acquire) == version;
    }
    /// Whether these are the subscribers; decided under the ledger's lock, where joining changes it.
    bool has_still(const Snapshot& subscribers) const noexcept {
        return !stale.load(std::memory_order_acquire) && snapshot.load(std::memory_order_relaxed) == &subscribers;
    }

    void look_up_retention_locked(Ledger& ledger) noexcept {
        rule = &ledger.history.rule_for(name);
        Keeping found = rule->pattern.has_value() ? Keeping::counted : Keeping::none;
        if (rule->kind != RetentionRule::Kind::none) found = Keeping::kept;
        if (std::holds_alternative<RetentionPolicy::Custom>(rule->policy.get())) found = Keeping::asked;
        keeping.store(found, std::memory_order_relaxed);
        retention_version.store(ledger.history_version.load(std::memory_order_relaxed), std::memory_order_release);
    }

    Counter emitted;
};

/// Topics by the address of their type's description: the lookup of every emit. Readers take no lock; writers are
/// serialised by the registry's mutex. A table is never changed but for empty entries being filled (type last, with
/// release; readers acquire it), and never freed before the end, since a reader may be in it; sizes double, so the old
/// ones together are no larger than the last. An address may come to mean another type when shared libraries are
/// unloaded and loaded: the identity decides, and entries that are no longer true do no harm.
class TopicsByType {
public:
    TopicsByType() {
        tables_.push_back(std::make_unique<Table>(64));
        current_.store(tables_.back().get());
    }

    Topic* find(const EventType& type) const noexcept {
        const Table& table = *current_.load(std::memory_order_acquire);
        for (std::size_t i = start(type);; ++i) {
            const Entry& entry = table.entries[i & table.mask];
            const EventType* const there = entry.type.load(std::memory_order_acquire);
            if (there == &type && entry.identity == type.identity) [[likely]]
                return entry.topic;
            if (there == nullptr) return nullptr;
        }
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
                    larger->insert(*there, entry.identity, *entry.topic);
                }
            }
            tables_.push_back(std::move(larger));
            table = tables_.back().get();
        }
        table->insert(type, type.identity, topic);
        current_.store(table, std::memory_order_release);
    }

private:
    struct Entry {
        std::atomic<const EventType*> type{nullptr};
        std::uint64_t identity = 0;
        Topic* topic = nullptr;
    };
    struct Table {
        explicit Table(std::size_t size) : entries(new Entry[size]), mask(size - 1) {}
        void insert(const EventType& type, std::uint64_t identity, Topic& topic) noexcept {
            std::size_t i = start(type);
            while (entries[i & mask].type.load(std::memory_order_relaxed) != nullptr) ++i;
            Entry& entry = entries[i & mask];
            entry.identity = identity;
            entry.topic = &topic;
            entry.type.store(&type, std::memory_order_release);
            ++used;
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
