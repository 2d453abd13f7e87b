// What a lock guards and which functions are called with it, in words that clang's -Wthread-safety checks
// (.ci/check_static). Other compilers, and clang without that warning, see nothing of it.
#pragma once

#if defined(__clang__)
#    define HINDSIGHT_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#    define HINDSIGHT_THREAD_SAFETY(attribute)
#endif

// On classes: a lock; an object that holds one for as long as it lives.
#define HINDSIGHT_CAPABILITY HINDSIGHT_THREAD_SAFETY(capability("mutex"))
#define HINDSIGHT_SCOPED_CAPABILITY HINDSIGHT_THREAD_SAFETY(scoped_lockable)

// On members: touched with this lock only.
#define HINDSIGHT_GUARDED_BY(lock) HINDSIGHT_THREAD_SAFETY(guarded_by(lock))

// On functions: whoever calls them has the lock; must not have it; has it afterwards; has it no more.
#define HINDSIGHT_REQUIRES(...) HINDSIGHT_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define HINDSIGHT_REQUIRES_SHARED(...) HINDSIGHT_THREAD_SAFETY(requires_shared_capability(__VA_ARGS__))
#define HINDSIGHT_EXCLUDES(...) HINDSIGHT_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
#define HINDSIGHT_ACQUIRE(...) HINDSIGHT_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define HINDSIGHT_ACQUIRE_SHARED(...) HINDSIGHT_THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define HINDSIGHT_TRY_ACQUIRE(...) HINDSIGHT_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
#define HINDSIGHT_RELEASE(...) HINDSIGHT_THREAD_SAFETY(release_capability(__VA_ARGS__))
#define HINDSIGHT_RELEASE_SHARED(...) HINDSIGHT_THREAD_SAFETY(release_shared_capability(__VA_ARGS__))

// On functions that lock in a way that the analysis cannot follow; the comment there says how.
#define HINDSIGHT_UNCHECKED_LOCKING HINDSIGHT_THREAD_SAFETY(no_thread_safety_analysis)
#define HINDSIGHT_UNCHECKED_ACQUIRE(...) HINDSIGHT_ACQUIRE(__VA_ARGS__) HINDSIGHT_UNCHECKED_LOCKING
