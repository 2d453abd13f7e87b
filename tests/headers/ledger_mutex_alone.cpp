// Of the library this program knows one header.
#include <hindsight/detail/ledger_mutex.hpp>

int main() {
    using namespace hindsight::detail;
    LedgerMutex mutex(true);
    const EmitLock lock(mutex, ThreadSlot::current());
    return mutex.try_lock() ? 1 : 0;
}
