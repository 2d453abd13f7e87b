// The names of C++ types as messages show them: "shop::Order", where type_info says "N4shop5OrderE".
#pragma once

#include <hindsight/detail/event_type.hpp>

#include <cstdlib>
#include <memory>
#include <string>

#if __has_include(<cxxabi.h>)
#    include <cxxabi.h>
#endif

namespace hindsight::detail {

/// `name`: what type_info::name() gives. Where it cannot be made readable it stays as it is.
inline std::string readable_type_name(const std::string& name) {
#if __has_include(<cxxabi.h>)
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                      &std::free);
    if (text) return text.get();
#endif
    return name;
}

inline std::string readable_type_name(const EventType& type) {
    return readable_type_name(type.info->name());
}

}  // namespace hindsight::detail
