# Programs that reuse a precompiled header compile what it defines each anew, which header-only is all of the library.
# clang can do that once for all of them: files that use the precompiled header then leave out what its object has.

# hindsight_compile_headers_once(TARGET): programs that reuse TARGET's precompiled header and link `TARGET_once`.
function(hindsight_compile_headers_once target)
    add_library(${target}_once INTERFACE)
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR NOT CMAKE_GENERATOR MATCHES "Ninja")
        return()
    endif()
    # The file that carries the header has no use for this.
    target_compile_options(${target} PRIVATE -fpch-codegen -Qunused-arguments)
    # clang 14 gives two lambdas in inline functions of header-only fmt the same name.
    target_compile_options(${target} PRIVATE -UFMT_HEADER_ONLY)
    target_compile_options(${target}_once INTERFACE -UFMT_HEADER_ONLY)

    string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
    separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}")
    set(header "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.pch")
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${target}_once${CMAKE_CXX_OUTPUT_EXTENSION}")
    add_custom_command(
        OUTPUT "${object}"
        COMMAND "${CMAKE_CXX_COMPILER}" ${flags} -c "${header}" -o "${object}"
        DEPENDS "${header}"
        COMMENT "Compiling what the precompiled header defines"
        VERBATIM
    )
    add_custom_target(${target}_object DEPENDS "${object}")
    add_dependencies(${target}_once ${target}_object)
    target_link_libraries(${target}_once INTERFACE "${object}" fmt::fmt)
endfunction()
