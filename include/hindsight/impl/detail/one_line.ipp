#pragma once

#include <hindsight/detail/one_line.hpp>

#include <cstddef>

namespace hindsight::detail {

HINDSIGHT_INLINE void append_hex(std::string& out, std::uint64_t number, unsigned digits) {
    while (digits-- != 0) {
        out += "0123456789abcdef"[number >> (4 * digits) & 0xfU];
    }
}

HINDSIGHT_INLINE void append_on_one_line(std::string& out, std::string_view text) {
    std::size_t copied = 0;
    for (std::size_t position = 0; position != text.size();) {
        const std::size_t size = unprintable_size(text.substr(position));
        if (size == 0) {
            ++position;
            continue;
        }
        out += text.substr(copied, position - copied);
        const auto last = static_cast<unsigned char>(text[position + size - 1]);
        if (last < 0x20) {
            out += ' ';
        } else {
            out += "\\u";
            // The second byte of two is the character's number; U+2028 and U+2029 end in the low bits of the third.
            append_hex(out, size == 3 ? 0x2000U + (last & 0x3fU) : last, 4);
        }
        position += size;
        copied = position;
    }
    out += text.substr(copied);
}

}  // namespace hindsight::detail
