// Whether a class is defined here, which optional headers do.
#pragma once

namespace hindsight::detail {

template <class T>
inline constexpr bool is_defined = requires {
    sizeof(T);
};

}  // namespace hindsight::detail
