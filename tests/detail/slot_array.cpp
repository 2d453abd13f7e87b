#include "support/catch.hpp"

#include <hindsight/detail/slot_array.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

using hindsight::detail::Envelope;
using hindsight::detail::SlotArray;

namespace {

/// A pointer that tells the index; it points to nothing.
Envelope* pointer_of(std::size_t index) {
    return reinterpret_cast<Envelope*>(static_cast<std::uintptr_t>(index + 1) * 64);
}

TEST_CASE("a slot array of any size keeps what is put into it", "[slot_array]") {
    const std::size_t count =
        GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{262'143}, std::size_t{262'144}, std::size_t{1'000'003});
    SlotArray slots(count);
    for (std::size_t i = 0; i < count; i += 1 + count / 1000) slots[i] = pointer_of(i);
    slots[count - 1] = pointer_of(count - 1);
    const SlotArray moved = std::move(slots);
    for (std::size_t i = 0; i < count; i += 1 + count / 1000) REQUIRE(moved[i] == pointer_of(i));
    CHECK(moved[count - 1] == pointer_of(count - 1));
    CHECK(moved.data() == &moved[0]);
}

TEST_CASE("an array without slots is empty", "[slot_array]") {
    SlotArray slots;
    CHECK(slots.data() == nullptr);
    slots = SlotArray(0);
    slots = SlotArray(10);
    CHECK(slots.data() != nullptr);
}

}  // namespace
