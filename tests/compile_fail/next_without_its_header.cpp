// expect: co_await inbox.next\(\) needs #include <hindsight/coroutine.hpp>
#include <hindsight/hindsight.hpp>

void misuse(hindsight::Inbox<hindsight::Record>& inbox) {
    (void)inbox.next();
}
