// Replaces malloc and its kin by glibc's own behind a counter. libstdc++'s operator new calls them, and so is counted.
#include "counted_allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

std::atomic<std::uint64_t> count{0};

void count_one() {
    count.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

namespace hindsight_benchmark {

std::uint64_t allocations() {
    return count.load(std::memory_order_relaxed);
}

}  // namespace hindsight_benchmark

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    count_one();
    return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) {
    count_one();
    return __libc_calloc(number, size);
}

void* realloc(void* memory, std::size_t size) {
    count_one();
    return __libc_realloc(memory, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    count_one();
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
}
