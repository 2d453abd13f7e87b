#include "support/catch.hpp"

#include <hindsight/detail/event_owners.hpp>
#include <hindsight/detail/ledger.hpp>
#include <hindsight/event_bus.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

using namespace hindsight;
using detail::EventOwners;

namespace {

// Random origins are never so small.
constexpr std::uint64_t origin = 1;

/// Is known from when it is made until it ends, as an engine is.
class Owner final : public detail::EventOwner {
public:
    static std::shared_ptr<Owner> make(std::uint64_t its_origin = origin) {
        auto owner = std::make_shared<Owner>();
        owner->origin_ = its_origin;
        EventOwners::instance().add(its_origin, owner);
        return owner;
    }
    ~Owner() { EventOwners::instance().remove(origin_); }

    void require_wait_can_end(const detail::Envelope&) const override {}

private:
    std::uint64_t origin_ = 0;
};

std::shared_ptr<detail::EventOwner> find(std::uint64_t its_origin = origin) {
    return EventOwners::instance().find(its_origin);
}

TEST_CASE("an owner is found by its origin for as long as it lives", "[event_owners]") {
    CHECK(&EventOwners::instance() == &EventOwners::instance());
    CHECK(find() == nullptr);
    auto owner = Owner::make();
    const std::weak_ptr<Owner> watched = owner;
    CHECK(find() == owner);
    CHECK(find(origin + 1) == nullptr);
    owner.reset();
    CHECK(watched.expired());
    CHECK(find() == nullptr);
}

TEST_CASE("whoever finds an owner keeps it alive", "[event_owners]") {
    auto owner = Owner::make();
    std::shared_ptr<detail::EventOwner> found = find();
    owner.reset();
    CHECK(find() == found);
    found.reset();
    CHECK(find() == nullptr);
}

TEST_CASE("the next owner of an origin takes the place of the one before, which may live on", "[event_owners]") {
    auto first = Owner::make();
    auto second = Owner::make();
    CHECK(find() == second);
    first.reset();
    CHECK(find() == second);
    second.reset();
    CHECK(find() == nullptr);
}

TEST_CASE("owners come, are found and go on several threads at once", "[event_owners]") {
    std::atomic<bool> wrong{false};
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t own = 1; own <= 4; ++own) {
            threads.emplace_back([&, own] {
                for (int i = 0; i < 500; ++i) {
                    const auto owner = Owner::make(own);
                    if (find(own) != owner) wrong = true;
                    find(own % 4 + 1);
                }
            });
        }
    }
    CHECK_FALSE(wrong);
}

TEST_CASE("a bus is found for as long as it lives", "[event_owners]") {
    std::uint64_t of_bus = 0;
    {
        const EventBus bus;
        of_bus = bus.history().ledger()->origin;
        CHECK(find(of_bus) != nullptr);
    }
    CHECK(find(of_bus) == nullptr);
}

}  // namespace
