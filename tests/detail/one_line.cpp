#include "support/catch.hpp"

#include <hindsight/detail/one_line.hpp>

#include <string>
#include <string_view>

using namespace hindsight;

namespace {

std::string on_one_line(std::string_view text) {
    std::string line = "> ";
    detail::append_on_one_line(line, text);
    return line;
}

TEST_CASE("plain text stays as it is", "[one_line]") {
    CHECK(on_one_line("") == "> ");
    CHECK(on_one_line("a \\\"b\" \xc3\xa9\xe2\x82\xac \xff") == "> a \\\"b\" \xc3\xa9\xe2\x82\xac \xff");
}

TEST_CASE("nothing ends the line or steers a terminal", "[one_line]") {
    CHECK(on_one_line(std::string_view("a\nb\r\tc\0d\x1b[1m", 12)) == "> a b  c d [1m");
    CHECK(on_one_line("\x7f") == "> \\u007f");
    CHECK(on_one_line("\xc2\x9b"
                      "1m") == "> \\u009b1m");
    CHECK(on_one_line("\xe2\x80\xa8,\xe2\x80\xa9") == "> \\u2028,\\u2029");
}

TEST_CASE("hexadecimal numbers have all their digits", "[one_line]") {
    std::string text;
    detail::append_hex(text, 0x1f, 4);
    detail::append_hex(text, 0x1f, 1);
    CHECK(text == "001ff");
}

}  // namespace
