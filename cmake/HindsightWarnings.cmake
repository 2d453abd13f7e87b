# Warnings for the project's own targets. They are private options, so that nothing reaches a user's build.

function(hindsight_enable_warnings target)
    if(MSVC)
        target_compile_options(${target} PRIVATE /W4 $<$<BOOL:${HINDSIGHT_WARNINGS_AS_ERRORS}>:/WX>)
    else()
        target_compile_options(
            ${target}
            PRIVATE -Wall
                    -Wextra
                    -Wpedantic
                    -Wshadow
                    -Wconversion
                    -Wsign-conversion
                    $<$<BOOL:${HINDSIGHT_WARNINGS_AS_ERRORS}>:-Werror>
        )
    endif()
    # g++ 12 sees overlapping and overlong copies inside std::string where there are none (GCC bug 105651 and its kin).
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        target_compile_options(${target} PRIVATE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
    endif()
endfunction()
