// How the library's symbols are seen from outside, and how its functions are defined in the two build modes:
// HINDSIGHT_API marks what other binaries may use, HINDSIGHT_INLINE every function defined in an .ipp file.

#pragma once

// MSVC keeps __cplusplus at an old value unless told otherwise.
#if defined(_MSVC_LANG) ? _MSVC_LANG < 202002L : __cplusplus < 202002L
#    error "hindsight needs C++20 (-std=c++20)"
#endif

#if defined(_WIN32)
#    if !defined(HINDSIGHT_SHARED) || defined(HINDSIGHT_HEADER_ONLY)
#        define HINDSIGHT_API
#    elif defined(HINDSIGHT_BUILDING)
#        define HINDSIGHT_API __declspec(dllexport)
#    else
#        define HINDSIGHT_API __declspec(dllimport)
#    endif
#elif defined(__GNUC__)
// Not only in shared builds: a program and its plug-ins, each with its own copy of the code, must agree on exception
// types and inline variables even when everything else is hidden.
#    define HINDSIGHT_API [[gnu::visibility("default")]]
#else
#    define HINDSIGHT_API
#endif

#if defined(HINDSIGHT_HEADER_ONLY)
// A program and its plug-ins run one copy of each, wherever inline functions are hidden otherwise: what a plug-in's own
// copy left behind in a bus (tables of virtual functions) would be gone when it is unloaded.
#    define HINDSIGHT_INLINE HINDSIGHT_API inline
#else
#    define HINDSIGHT_INLINE
#endif

// For the few functions of the emit path that compilers leave as calls, though the call costs as much as its body.
#if defined(__GNUC__)
#    define HINDSIGHT_ALWAYS_INLINE [[gnu::always_inline]] inline
#else
#    define HINDSIGHT_ALWAYS_INLINE inline
#endif
