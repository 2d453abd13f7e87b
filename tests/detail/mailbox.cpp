#include "support/catch.hpp"
#include "support/envelopes.hpp"
#include "support/pending.hpp"

#include <hindsight/detail/mailbox.hpp>
#include <hindsight/error.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

using namespace hindsight;
using namespace hindsight::test;
using detail::Mailbox;
using detail::Pending;

namespace {

struct Box {
    explicit Box(const MailboxOptions& options) : mailbox(options) {}

    Mailbox::Push push(Seq seq, const std::string& key = {}, bool no_growth = false) {
        mailbox.reserve_one();
        return mailbox.push(events.at(seq, key), no_growth);
    }
    /// What the next turns take, until nothing is left; the mailbox is idle then.
    std::vector<Taken> take_everything() {
        std::vector<Taken> all;
        std::array<Pending, 8> turn;
        while (const std::size_t count = mailbox.take(turn)) {
            for (const Pending& each : std::span(turn).first(count)) {
                all.push_back(taken(each));
                if (each.envelope != nullptr) mailbox.progress.finish_one();
            }
        }
        return all;
    }

    Envelopes events;
    Mailbox mailbox;
};

TEST_CASE("mailboxes with limits that make no sense are refused by name", "[mailbox]") {
    const auto refuse = [](const MailboxOptions& options, const char* culprit) {
        CHECK_THROWS_AS(Mailbox(options), InvalidArgument);
        CHECK_THROWS_WITH(Mailbox(options), Contains(culprit));
    };
    refuse({.capacity = 0}, "mailbox.capacity");
    refuse({.capacity = 0, .overflow = Overflow::conflate}, "mailbox.capacity");
    refuse({.block_for = Duration(-1)}, "mailbox.block_for");
    refuse({.capacity = no_limit, .overflow = Overflow::conflate}, "mailbox.capacity");
    CHECK_NOTHROW(Mailbox({.capacity = 10, .hard_limit = 10}));
}

TEST_CASE("a blocking mailbox that is full has no room, grows to its limit for those who must not wait, then drops",
          "[mailbox]") {
    Box box({.capacity = 2, .hard_limit = 3});
    CHECK(box.mailbox.room() == Mailbox::Room::ready);
    box.push(1);
    CHECK(box.mailbox.room() == Mailbox::Room::ready);
    box.push(2);
    CHECK(box.mailbox.room() == Mailbox::Room::full);
    CHECK(box.push(3, {}, true).fate == Mailbox::Fate::dropped);  // it has waited in vain
    CHECK(box.push(4).fate == Mailbox::Fate::queued);
    CHECK(box.push(5).fate == Mailbox::Fate::dropped);
    CHECK(box.mailbox.size() == 3);
    CHECK(box.mailbox.dropped == 2);
    CHECK(box.take_everything() == std::vector<Taken>{{1}, {2}, {4, 3, 3, 1}, {0, 5, 5, 1}});
    CHECK(box.mailbox.room() == Mailbox::Room::ready);
}

TEST_CASE("emitters are told of room once there is as much as they want", "[mailbox]") {
    Box box({.capacity = 8});
    std::array<Pending, 1> one;
    const auto fill = [&] {
        while (box.mailbox.room() == Mailbox::Room::ready) box.push(1);
    };
    const auto taken_until_told = [&] {
        for (int taken = 1;; ++taken) {
            REQUIRE(box.mailbox.take(one) == 1);
            box.mailbox.progress.finish_one();
            if (box.mailbox.gives_room()) return taken;
        }
    };
    fill();
    CHECK_FALSE(box.mailbox.gives_room());  // nobody waits
    box.mailbox.want(Mailbox::Wanted::much_room);
    CHECK_FALSE(box.mailbox.gives_room());
    const auto epoch = box.mailbox.room_epoch.load();
    CHECK(taken_until_told() == 4);
    CHECK(box.mailbox.room_epoch != epoch);
    CHECK_FALSE(box.mailbox.gives_room());  // once

    fill();
    box.push(1);  // for one who must not wait
    box.mailbox.want(Mailbox::Wanted::any_room);
    box.mailbox.want(Mailbox::Wanted::much_room);
    CHECK(taken_until_told() == 2);
}

TEST_CASE("a hard limit below the capacity counts as the capacity", "[mailbox]") {
    Box box({.capacity = 3, .hard_limit = 1});
    for (Seq seq = 1; seq <= 3; ++seq) CHECK(box.push(seq).fate == Mailbox::Fate::queued);
    CHECK(box.push(4).fate == Mailbox::Fate::dropped);
}

TEST_CASE("a mailbox that drops the oldest keeps the newest, and tells of the hole", "[mailbox]") {
    Box box({.capacity = 2, .overflow = Overflow::drop_oldest});
    for (Seq seq = 1; seq <= 2; ++seq) CHECK(box.push(seq).displaced == nullptr);
    for (Seq seq = 3; seq <= 5; ++seq) {
        const Mailbox::Push push = box.push(seq);
        CHECK(push.fate == Mailbox::Fate::queued);
        CHECK(push.displaced == &box.events[seq - 2]);
        CHECK(box.mailbox.room() == Mailbox::Room::ready);
    }
    CHECK(box.mailbox.dropped == 3);
    CHECK(box.take_everything() == std::vector<Taken>{{4, 1, 3, 3}, {5}});
}

TEST_CASE("a mailbox that drops the newest keeps the oldest, and tells of the hole", "[mailbox]") {
    Box box({.capacity = 2, .overflow = Overflow::drop_newest});
    for (Seq seq = 1; seq <= 4; ++seq) {
        CHECK(box.push(seq).fate == (seq <= 2 ? Mailbox::Fate::queued : Mailbox::Fate::dropped));
    }
    CHECK(box.mailbox.dropped == 2);
    CHECK(box.take_everything() == std::vector<Taken>{{1}, {2}, {0, 3, 4, 2}});
    box.push(5);
    CHECK(box.take_everything() == std::vector<Taken>{{5}});
}

TEST_CASE("a conflating mailbox keeps the newest of each key, and drops the oldest beyond its keys", "[mailbox]") {
    Box box({.capacity = 2, .overflow = Overflow::conflate});
    CHECK(box.push(1, "a").displaced == nullptr);
    CHECK(box.push(2, "b").displaced == nullptr);
    CHECK(box.push(3, "a").displaced == &box.events[1]);
    CHECK(box.mailbox.conflated == 1);
    CHECK(box.mailbox.dropped == 0);
    CHECK(box.push(4, "c").displaced == &box.events[2]);
    CHECK(box.mailbox.conflated == 1);
    CHECK(box.mailbox.dropped == 1);
    CHECK(box.take_everything() == std::vector<Taken>{{3, 2, 2, 1}, {4}});
}

TEST_CASE("what a turn takes is in hand until it is handled", "[mailbox]") {
    Box box({.capacity = 1000});
    for (Seq seq = 1; seq <= 100; ++seq) box.push(seq);
    std::array<Pending, 200> turn;
    const std::size_t count = box.mailbox.take(turn);
    CHECK(count > 0);
    CHECK(count < 100);  // the rest may still be disconnected, or counted as waiting
    CHECK(box.mailbox.progress.in_hand() == count);
    CHECK(box.mailbox.size() == 100 - count);
    box.mailbox.progress.finish_one();
    CHECK(box.mailbox.progress.in_hand() == count - 1);

    std::array<Pending, 1> one;
    CHECK(box.mailbox.take(one) == 1);
    CHECK(one[0].envelope->seq == count + 1);
    CHECK(box.mailbox.progress.in_hand() == 1);
}

TEST_CASE("a turn takes one at a time where more would show", "[mailbox]") {
    for (const Overflow overflow : {Overflow::drop_oldest, Overflow::conflate}) {
        Box box({.capacity = 1000, .overflow = overflow});
        for (Seq seq = 1; seq <= 10; ++seq) box.push(seq, std::to_string(seq));
        std::array<Pending, 8> turn;
        CHECK(box.mailbox.take(turn) == 1);
        CHECK(box.mailbox.size() == 9);
    }
}

TEST_CASE("everything is taken out at once, and the mailbox goes on", "[mailbox]") {
    for (const Overflow overflow : {Overflow::block, Overflow::conflate}) {
        Box box({.capacity = 4, .overflow = overflow});
        for (Seq seq = 1; seq <= 3; ++seq) box.push(seq, std::to_string(seq));
        Mailbox::Queue all = box.mailbox.take_all();
        CHECK(box.mailbox.size() == 0);
        CHECK(std::visit([](const auto& queue) { return visited(queue); }, all) == Seqs{1, 2, 3});
        CHECK(box.take_everything().empty());
        box.push(4, "4");
        CHECK(box.take_everything() == std::vector<Taken>{{4}});
    }
}

TEST_CASE("chosen events are taken out as if they had never been there", "[mailbox]") {
    for (const Overflow overflow : {Overflow::block, Overflow::conflate}) {
        Box box({.capacity = 8, .overflow = overflow});
        for (Seq seq = 1; seq <= 6; ++seq) box.push(seq, std::to_string(seq));
        Mailbox::Queue even = box.mailbox.take_if([](const detail::Envelope& each) { return each.seq % 2 == 0; });
        CHECK(std::visit([](const auto& queue) { return visited(queue); }, even) == Seqs{2, 4, 6});
        box.push(7, "7");
        CHECK(box.take_everything() == std::vector<Taken>{{1}, {3}, {5}, {7}});
    }
}

TEST_CASE("the holes around chosen events are still told", "[mailbox][promise-8]") {
    SECTION("before an event that stays") {
        Box box({.capacity = 2, .overflow = Overflow::drop_oldest});
        for (Seq seq = 1; seq <= 4; ++seq) box.push(seq);
        box.mailbox.take_if([](const detail::Envelope&) { return false; });
        CHECK(box.take_everything() == std::vector<Taken>{{3, 1, 2, 2}, {4}});
    }
    SECTION("before an event that goes") {
        Box box({.capacity = 2, .overflow = Overflow::drop_oldest});
        for (Seq seq = 1; seq <= 4; ++seq) box.push(seq);
        box.mailbox.take_if([](const detail::Envelope& each) { return each.seq == 3; });
        CHECK(box.take_everything() == std::vector<Taken>{{4, 1, 2, 2}});
    }
    SECTION("at the end") {
        Box box({.capacity = 2, .overflow = Overflow::drop_newest});
        for (Seq seq = 1; seq <= 4; ++seq) box.push(seq);
        box.mailbox.take_if([](const detail::Envelope& each) { return each.seq == 1; });
        CHECK(box.take_everything() == std::vector<Taken>{{2}, {0, 3, 4, 2}});
    }
    SECTION("between conflated ones") {
        Box box({.capacity = 2, .overflow = Overflow::conflate});
        for (Seq seq = 1; seq <= 4; ++seq) box.push(seq, std::to_string(seq));
        box.mailbox.take_if([](const detail::Envelope& each) { return each.seq == 3; });
        CHECK(box.take_everything() == std::vector<Taken>{{4, 1, 2, 2}});
    }
}

}  // namespace
