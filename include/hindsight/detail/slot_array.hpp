// SlotArray: the pointers of a ring that may be very large and is looked up at random places. A large one lies in huge
// pages where the system gives them on request, since each lookup would otherwise cost a walk through the page tables,
// which takes as long as fetching the slot itself. For the same reason the records that it points to lie in slabs.
//
// Memory that was never written to is not touched.
#pragma once

#include <hindsight/detail/block_slabs.hpp>

#include <cstddef>
#include <memory>
#include <new>

#if defined(__linux__)
#    include <sys/mman.h>
#endif

namespace hindsight::detail {

struct Envelope;

class SlotArray {
public:
    SlotArray() noexcept : slots_(nullptr, Free{std::align_val_t{1}}), large_(false) {}
    /// Throws std::bad_alloc.
    explicit SlotArray(std::size_t count) : slots_(make(count)), large_(is_large(count)) {}

    Envelope*& operator[](std::size_t index) const noexcept { return slots_.get()[index]; }
    Envelope** data() const noexcept { return slots_.get(); }

private:
    struct Free {
        std::align_val_t alignment{};
        void operator()(Envelope** slots) const noexcept { ::operator delete(slots, alignment); }
    };

    static bool is_large(std::size_t count) noexcept { return count * sizeof(void*) >= huge_page; }
    static std::unique_ptr<Envelope*, Free> make(std::size_t count) {
        const std::size_t bytes = count * sizeof(void*);
        const std::align_val_t alignment{is_large(count) ? huge_page : alignof(Envelope*)};
        void* const memory = ::operator new(bytes, alignment);
#if defined(__linux__)
        // Advice: where it is not taken, pages are small.
        if (is_large(count)) ::madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
        return {static_cast<Envelope**>(memory), Free{alignment}};
    }

    std::unique_ptr<Envelope*, Free> slots_;
    BlockSlabs::LargeHistory large_;
};

}  // namespace hindsight::detail
