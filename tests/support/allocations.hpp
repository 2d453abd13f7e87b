// Counts the memory that a test program holds, and lets allocations fail. Replaces operator new and delete of the whole
// program: include it in one file of it only.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace hindsight::test {

/// Bytes that are allocated now, as they were asked for.
inline std::atomic<std::size_t> allocated_bytes{0};
/// Allocations since the start.
inline std::atomic<std::size_t> allocations{0};

inline constexpr std::size_t never = ~std::size_t{0};
/// How many allocations of this thread succeed from here on.
inline thread_local std::size_t allocations_left = never;

/// For as long as it lives, this thread gets `count` allocations; those that come after throw std::bad_alloc.
class FailAllocationsAfter {
public:
    explicit FailAllocationsAfter(std::size_t count) noexcept { allocations_left = count; }
    FailAllocationsAfter(const FailAllocationsAfter&) = delete;
    FailAllocationsAfter& operator=(const FailAllocationsAfter&) = delete;
    ~FailAllocationsAfter() { allocations_left = never; }
};

namespace allocation {

/// The size is kept in front of what is handed out.
constexpr std::size_t front(std::size_t alignment) noexcept {
    return std::max<std::size_t>(alignment, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}

inline void* take(std::size_t size, std::size_t alignment) {
    if (allocations_left != never) {
        if (allocations_left == 0) throw std::bad_alloc();
        --allocations_left;
    }
    const std::size_t before = front(alignment);
    const std::size_t whole = (size + before + before - 1) / before * before;
    if (whole < size) throw std::bad_alloc();
    auto* const start = static_cast<std::byte*>(std::aligned_alloc(before, whole));
    if (start == nullptr) throw std::bad_alloc();
    ::new (static_cast<void*>(start)) std::size_t(size);
    allocated_bytes += size;
    ++allocations;
    return start + before;
}

inline void* take_or_null(std::size_t size, std::size_t alignment) noexcept {
    try {
        return take(size, alignment);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

inline void give_back(void* memory, std::size_t alignment) noexcept {
    if (memory == nullptr) return;
    std::byte* const start = static_cast<std::byte*>(memory) - front(alignment);
    allocated_bytes -= *std::launder(reinterpret_cast<std::size_t*>(start));
    std::free(start);
}

constexpr std::size_t number(std::align_val_t alignment) noexcept {
    return static_cast<std::size_t>(alignment);
}

}  // namespace allocation

}  // namespace hindsight::test

// All forms: sanitizers have their own of each, which would not call one another.
namespace of_tests = hindsight::test::allocation;

void* operator new(std::size_t size) {
    return of_tests::take(size, 1);
}
void* operator new[](std::size_t size) {
    return of_tests::take(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return of_tests::take(size, of_tests::number(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return of_tests::take(size, of_tests::number(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return of_tests::take_or_null(size, 1);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return of_tests::take_or_null(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return of_tests::take_or_null(size, of_tests::number(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
    return of_tests::take_or_null(size, of_tests::number(alignment));
}
void operator delete(void* memory) noexcept {
    of_tests::give_back(memory, 1);
}
void operator delete[](void* memory) noexcept {
    of_tests::give_back(memory, 1);
}
void operator delete(void* memory, std::size_t) noexcept {
    of_tests::give_back(memory, 1);
}
void operator delete[](void* memory, std::size_t) noexcept {
    of_tests::give_back(memory, 1);
}
void operator delete(void* memory, std::align_val_t alignment) noexcept {
    of_tests::give_back(memory, of_tests::number(alignment));
}
void operator delete[](void* memory, std::align_val_t alignment) noexcept {
    of_tests::give_back(memory, of_tests::number(alignment));
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
    of_tests::give_back(memory, of_tests::number(alignment));
}
void operator delete[](void* memory, std::size_t, std::align_val_t alignment) noexcept {
    of_tests::give_back(memory, of_tests::number(alignment));
}
