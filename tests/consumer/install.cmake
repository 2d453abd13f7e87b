# Installs a build tree to a fresh prefix: cmake -D BUILD_DIR=... -D PREFIX=... -D CONFIG=... -P install.cmake

file(REMOVE_RECURSE "${PREFIX}")
execute_process(
    COMMAND "${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${PREFIX}" --config "${CONFIG}"
    COMMAND_ERROR_IS_FATAL ANY
    OUTPUT_QUIET
)
