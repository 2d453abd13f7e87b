# Installs the headers, the library and the package files that find_package(hindsight) reads.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/hindsight")

# What find_package(hindsight COMPONENTS ...) may ask for; optional parts of the library add their name here.
set(HINDSIGHT_COMPONENTS core)

install(
    TARGETS hindsight hindsight_header_only
    EXPORT hindsightTargets
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    INCLUDES
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
)
install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/include/hindsight"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING
    PATTERN "*.hpp"
    PATTERN "*.ipp"
)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

foreach(part IN ITEMS json spdlog)
    if(NOT TARGET hindsight_${part})
        continue()
    endif()
    list(APPEND HINDSIGHT_COMPONENTS ${part})
    install(
        TARGETS hindsight_${part}
        EXPORT hindsight_${part}_targets
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    )
    install(
        EXPORT hindsight_${part}_targets
        FILE hindsight_${part}_targets.cmake
        NAMESPACE hindsight::
        DESTINATION "${package_dir}"
    )
endforeach()
install(EXPORT hindsightTargets NAMESPACE hindsight:: DESTINATION "${package_dir}")
configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/hindsightConfig.cmake.in" "${PROJECT_BINARY_DIR}/hindsightConfig.cmake"
    INSTALL_DESTINATION "${package_dir}"
)
# Below 1.0 a minor release may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/hindsightConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/hindsightConfig.cmake" "${PROJECT_BINARY_DIR}/hindsightConfigVersion.cmake"
        DESTINATION "${package_dir}"
)
