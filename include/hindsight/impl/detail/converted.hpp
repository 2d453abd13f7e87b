// Converted: a dynamic event as the typed subscriptions of its name see it: a second envelope with the same seq, texts
// and times, which history never holds. Made once an event, when the first subscription needs it; what that throws is
// thrown at each of them.
#pragma once

#include <hindsight/detail/conversion.hpp>
#include <hindsight/detail/snapshot.hpp>
#include <hindsight/error.hpp>
#include <hindsight/impl/detail/make_envelope_like.hpp>
#include <hindsight/impl/detail/readable_type_name.hpp>
#include <hindsight/record.hpp>

#include <exception>
#include <string>

namespace hindsight::detail {

class Converted {
public:
    /// Runs user code. Throws ConversionFailed, std::bad_alloc and what user code throws.
    const Record& of(const Record& original, const Conversion& conversion, const EventType& wanted,
                     const ThreadSlot& slot) {
        if (failure_) std::rethrow_exception(failure_);
        if (!record_) make(*original.envelope(), conversion, wanted, slot);
        return record_;
    }

    /// Empty where it was not needed, or failed.
    const Record& record() const noexcept { return record_; }
    Envelope* envelope() const noexcept { return record_.envelope().get(); }

private:
    [[gnu::noinline]] void make(const Envelope& original, const Conversion& conversion, const EventType& wanted,
                                const ThreadSlot& slot) {
        try {
            if (!conversion || !same_type(*conversion.from, *original.type)) {
                const std::string type = readable_type_name(wanted);
                throw ConversionFailed("\"" + std::string(original.name()) + "\" was emitted as " +
                                       readable_type_name(*original.type) + ", which this bus cannot read as " + type +
                                       "; call hindsight::accept_json<" + type + ">(bus) first");
            }
            record_ = Record(make_converted(original, conversion, slot));
        } catch (...) {
            failure_ = std::current_exception();
            throw;
        }
    }

    Record record_;
    std::exception_ptr failure_;
};

}  // namespace hindsight::detail
