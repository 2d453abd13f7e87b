// The locks of the standard library, as clang's analysis of thread safety wants them: libstdc++ does not annotate its
// own. Included before anything else (-include), by the static checks alone.
#pragma once

// What the standard library defines and uses among itself gets other names.
#define mutex plain_mutex
#define shared_mutex plain_shared_mutex
#define lock_guard plain_lock_guard
#define unique_lock plain_unique_lock
#define shared_lock plain_shared_lock
#define scoped_lock plain_scoped_lock
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#undef mutex
#undef shared_mutex
#undef lock_guard
#undef unique_lock
#undef shared_lock
#undef scoped_lock

#include <hindsight/detail/thread_safety.hpp>

namespace std {

class HINDSIGHT_CAPABILITY mutex : public plain_mutex {
public:
    void lock() HINDSIGHT_ACQUIRE() { plain_mutex::lock(); }
    bool try_lock() HINDSIGHT_TRY_ACQUIRE(true) { return plain_mutex::try_lock(); }
    void unlock() HINDSIGHT_RELEASE() { plain_mutex::unlock(); }
};

class HINDSIGHT_CAPABILITY shared_mutex : public plain_shared_mutex {
public:
    void lock() HINDSIGHT_ACQUIRE() { plain_shared_mutex::lock(); }
    void unlock() HINDSIGHT_RELEASE() { plain_shared_mutex::unlock(); }
    void lock_shared() HINDSIGHT_ACQUIRE_SHARED() { plain_shared_mutex::lock_shared(); }
    void unlock_shared() HINDSIGHT_RELEASE_SHARED() { plain_shared_mutex::unlock_shared(); }
};

template <class M>
class HINDSIGHT_SCOPED_CAPABILITY lock_guard {
public:
    explicit lock_guard(M& mutex) HINDSIGHT_ACQUIRE(mutex) : mutex_(mutex) { mutex.lock(); }
    lock_guard(const lock_guard&) = delete;
    lock_guard& operator=(const lock_guard&) = delete;
    ~lock_guard() HINDSIGHT_RELEASE() { mutex_.unlock(); }

private:
    M& mutex_;
};

template <class M>
class HINDSIGHT_SCOPED_CAPABILITY shared_lock {
public:
    explicit shared_lock(M& mutex) HINDSIGHT_ACQUIRE_SHARED(mutex) : mutex_(mutex) { mutex.lock_shared(); }
    shared_lock(const shared_lock&) = delete;
    shared_lock& operator=(const shared_lock&) = delete;
    ~shared_lock() HINDSIGHT_RELEASE() { mutex_.unlock_shared(); }

private:
    M& mutex_;
};

template <class A, class B>
class HINDSIGHT_SCOPED_CAPABILITY scoped_lock {
public:
    scoped_lock(A& first, B& second) HINDSIGHT_ACQUIRE(first, second);
    scoped_lock(const scoped_lock&) = delete;
    scoped_lock& operator=(const scoped_lock&) = delete;
    ~scoped_lock() HINDSIGHT_RELEASE();
};

/// For condition variables it is what it was.
template <class M>
struct plain_lock_of {
    using type = plain_unique_lock<M>;
};
template <>
struct plain_lock_of<mutex> {
    using type = plain_unique_lock<plain_mutex>;
};

template <class M>
class HINDSIGHT_SCOPED_CAPABILITY unique_lock : public plain_lock_of<M>::type {
    using plain = typename plain_lock_of<M>::type;

public:
    explicit unique_lock(M& mutex) HINDSIGHT_ACQUIRE(mutex) : plain(mutex) {}
    unique_lock(M& mutex, defer_lock_t tag) HINDSIGHT_EXCLUDES(mutex) : plain(mutex, tag) {}
    unique_lock(const unique_lock&) = delete;
    unique_lock& operator=(const unique_lock&) = delete;
    ~unique_lock() HINDSIGHT_RELEASE() {}
    void lock() HINDSIGHT_ACQUIRE() { plain::lock(); }
    void unlock() HINDSIGHT_RELEASE() { plain::unlock(); }
};

}  // namespace std
