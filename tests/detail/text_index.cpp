#include "support/catch.hpp"

#include <hindsight/detail/text_index.hpp>

#include <string>
#include <string_view>

using hindsight::detail::Position;
using hindsight::detail::TextEntry;
using hindsight::detail::TextIndex;

namespace {

bool all_live(Position) {
    return true;
}

TEST_CASE("a text is found for as long as it has positions", "[text_index]") {
    TextIndex index;
    CHECK(index.find("a") == nullptr);
    index.add(index.prepare("a"), 1);
    index.add(index.prepare("b"), 2);
    index.add(index.prepare("a"), 3);
    CHECK(index.size() == 2);
    TextEntry* const a = index.find("a");
    REQUIRE(a != nullptr);
    CHECK(a->text() == "a");
    CHECK(a->postings.size() == 2);
    index.remove("a", 1, all_live);
    CHECK(index.find("a") == a);
    index.remove("a", 3, all_live);
    CHECK(index.find("a") == nullptr);
    CHECK(index.size() == 1);
    index.clear();
    CHECK(index.find("b") == nullptr);
    index.add(index.prepare("b"), 4);
    CHECK(index.find("b")->postings[0] == 4);
}

TEST_CASE("what is only prepared is not there", "[text_index]") {
    TextIndex index;
    index.prepare("a");
    CHECK(index.find("a") == nullptr);
    index.prepare("b");
    CHECK(index.size() == 0);
    index.add(index.prepare("a"), 1);
    CHECK(index.size() == 1);
    index.prepare("a");
    CHECK(index.find("a")->postings.size() == 1);
}

TEST_CASE("many texts are told apart", "[text_index]") {
    TextIndex index;
    const auto text = [](Position i) { return "text " + std::to_string(i); };
    for (Position i = 0; i < 1000; ++i) index.add(index.prepare(text(i)), i);
    CHECK(index.size() == 1000);
    for (Position i = 0; i < 1000; i += 2) index.remove(text(i), i, all_live);
    for (Position i = 0; i < 1000; ++i) {
        const TextEntry* const found = index.find(text(i));
        REQUIRE((found != nullptr) == (i % 2 == 1));
        if (found != nullptr) REQUIRE(found->postings[0] == i);
    }
    Position visited = 0;
    index.for_each([&](const TextEntry&) { ++visited; });
    CHECK(visited == 500);
}

}  // namespace
