#!/usr/bin/env bash
# Installs what is missing to build hindsight, and nothing else.
#
#     install_dependencies.sh [--tests] [--ci] [--benchmark]
#
# Without options: what the library and the examples need. Debian and Ubuntu; elsewhere it says what to install.
set -euo pipefail

tests=false ci=false benchmark=false
for option in "$@"; do
    case "$option" in
        --tests) tests=true ;;
        --ci) tests=true ci=true ;;
        --benchmark) benchmark=true ;;
        *)
            echo "usage: ${0##*/} [--tests] [--ci] [--benchmark]" >&2
            exit 2
            ;;
    esac
done

has_command() { command -v "$1" >/dev/null 2>&1; }

# Whether the compiler finds the header, and the condition holds after including it.
has_header() {
    has_command c++ && printf '#include <%s>\n#if !(%s)\n#error\n#endif\n' "$1" "${2:-1}" |
        c++ -std=c++20 -x c++ -E - >/dev/null 2>&1
}

# Whether the linker finds it.
has_library() {
    has_command c++ && echo 'int main() {}' | c++ -x c++ - "-l$1" -o /dev/null >/dev/null 2>&1
}

has_cmake() {
    has_command cmake || return 1
    local version
    version=$(cmake --version | sed -n '1s/[^0-9]*//p')
    [[ $(printf '%s\n' 3.21 "$version" | sort -V | head -n 1) == 3.21 ]]
}

has_python() {
    has_command python3 && python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'
}

# Debian's package is for Debian's Python, which need not be the first one on the path.
has_jsonschema() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import jsonschema' 2>/dev/null; then return 0; fi
    done
    return 1
}

# Those that programs are linked with, and libFuzzer.
has_clang_sanitizers() {
    has_command clang++ &&
        echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
        clang++ -fsanitize=fuzzer,address,undefined -x c++ - -o /dev/null >/dev/null 2>&1
}

# Of the version that Debian's clang stands for.
clang_sanitizers_package() {
    apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/libclang-rt-\1-dev/p' | head -n 1
}

has_package() { has_command pkg-config && pkg-config --exists "$1 >= 2.10"; }

# What is missing, in words.
missing=()
# The Debian packages that bring it.
packages=()
need() {
    missing+=("$1")
    if [[ -n $2 ]]; then packages+=("$2"); fi
}

# Debian 12 offers Boost 1.81 beside its default, 1.74; later ones have a default that is new enough.
boost_package() {
    local default
    default=$(apt-cache show libboost-dev 2>/dev/null | sed -n 's/^Version: //p' | sort -V | tail -n 1)
    if has_command dpkg && [[ -n $default ]] && dpkg --compare-versions "$default" ge 1.81; then
        echo libboost-dev
    else
        echo libboost1.81-dev
    fi
}

find_missing() {
    missing=() packages=()
    has_command c++ || need "a C++20 compiler (g++ 12, clang 14 or later)" g++
    has_cmake || need "CMake 3.21 or later" cmake
    has_command ninja || need "Ninja" ninja-build
    has_header boost/version.hpp 'BOOST_VERSION >= 108100' || need "Boost 1.81 or later, headers" "$(boost_package)"
    has_library boost_json || need "Boost.JSON, the library" "$(boost_package | sed 's/libboost/libboost-json/')"
    has_header fmt/format.h 'FMT_VERSION >= 90000' || need "fmt 9 or later" libfmt-dev
    has_header spdlog/spdlog.h 'SPDLOG_VERSION >= 11000' || need "spdlog 1.10 or later" libspdlog-dev
    if $tests; then
        has_python || need "Python 3.9 or later" python3
        has_header catch2/catch.hpp || has_header catch2/catch_all.hpp || need "Catch2 2.13 or 3" catch2
    fi
    if $ci; then
        has_command clang++ || need "clang 14 or later" clang
        has_command ld.lld || need "LLVM's linker" lld
        has_clang_sanitizers || need "clang's sanitizers and fuzzer" "$(clang_sanitizers_package)"
        has_command clang-format-14 || need "clang-format 14" clang-format-14
        has_command clang-tidy-14 || need "clang-tidy 14" clang-tidy-14
        has_command cppcheck || need "cppcheck" cppcheck
        has_command ccache || need "ccache" ccache
        has_header nlohmann/json.hpp || need "nlohmann-json" nlohmann-json3-dev
        has_header graphviz/cgraph.h || need "Graphviz's libraries" libgraphviz-dev
        has_command dot || need "Graphviz" graphviz
        has_jsonschema || need "jsonschema for Python" python3-jsonschema
        has_command promtool || need "promtool, of Prometheus" ""
    fi
    if $benchmark; then
        has_python || need "Python 3.9 or later" python3
        has_header benchmark/benchmark.h || need "Google Benchmark" libbenchmark-dev
        has_command pkg-config || need "pkg-config" pkg-config
        has_package sigc++-2.0 || has_package sigc++-3.0 || need "libsigc++ 2.10 or later" libsigc++-2.0-dev
        has_command valgrind || need "Valgrind" valgrind
    fi
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif has_command sudo; then
        sudo -n "$@"
    else
        echo "cannot become root: run this as root, or install sudo" >&2
        return 1
    fi
}

# The package starts a service when it is installed: only the tool is taken out of it.
install_promtool() (
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    cd "$folder"
    echo "unpacking: promtool" >&2
    apt-get -qq download prometheus >&2
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
    as_root install -m 755 usr/bin/promtool /usr/local/bin/promtool
)

find_missing
if [[ ${#missing[@]} == 0 ]]; then
    exit 0
fi

if ! has_command apt-get; then
    echo "hindsight needs the following, which this script can only install on Debian and Ubuntu:" >&2
    printf '  - %s\n' "${missing[@]}" >&2
    exit 1
fi

echo "fetching the package lists" >&2
as_root apt-get -qq update >&2
find_missing # the package of Boost depends on the lists
if [[ ${#packages[@]} != 0 ]]; then
    echo "installing: ${packages[*]}" >&2
    # Another package is never removed to make room for these.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-remove --no-install-recommends \
        "${packages[@]}" >&2
fi
if $ci && ! has_command promtool; then install_promtool; fi

find_missing
if [[ ${#missing[@]} != 0 ]]; then
    echo "still missing, though the packages are installed:" >&2
    printf '  - %s\n' "${missing[@]}" >&2
    exit 1
fi
