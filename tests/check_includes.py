#!/usr/bin/env python3
"""Checks that the headers include each other in one direction only.

    check_includes.py SOURCE_DIRECTORY
    check_includes.py --self-test

A header and its files in impl/, which it includes in header-only mode, count as one: what they include must stand
below the header too, or the order in which a user includes headers would matter.
"""

import pathlib
import re
import sys
import tempfile

# Public headers, lowest first. A header may include those of the lists above its own: never one of its own list,
# directly or through detail/. A new header has to be given its place here.
LAYERS = [
    ["fwd", "version"],
    ["error", "types"],
    ["pattern", "event", "clock", "executor"],
    ["record", "receipt"],
    ["batch_receipt"],
    ["query", "replay", "retention", "observer", "enumerated", "watching"],
    ["options", "cause_tree", "past", "scope_history"],
    ["statistics", "delivery_log"],
    ["scheduled"],
    ["subscription", "inbox"],
    ["middleware"],
    ["this_handler", "scope"],
    ["event_store", "callback_manager", "thread_pool"],
    ["event_bus"],
    ["format", "replaying", "middlewares", "default_bus", "request"],
    ["json", "json_lines", "coroutine", "prometheus", "spdlog"],
    ["read_json_lines", "export"],
    ["hindsight"],
]

# Costly libraries stay in impl/, so that user code does not compile them; the value lists the headers that are for
# those who want the library anyway.
IMPLEMENTATION_ONLY = {
    "boost/signals2": [],
    "boost/asio": ["coroutine", "detail/alarm", "detail/run_executor"],
    "boost/histogram": [],
    "boost/json": ["json", "read_json_lines", "detail/json_conversion"],
}

RANK = {stem: rank for rank, layer in enumerate(LAYERS) for stem in layer}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes_of(file: pathlib.Path) -> list[tuple[str, str]]:
    return INCLUDE.findall(file.read_text(encoding="utf-8"))


def is_private(file: str) -> bool:
    return file.startswith("impl/")


def is_internal(header: str) -> bool:
    return header.startswith("detail/")


class Checker:
    def __init__(self, source: pathlib.Path) -> None:
        self.root = source / "include" / "hindsight"
        self.sources = source / "src"
        self.examples = source / "examples"
        self.errors: list[str] = []
        self.files: dict[str, list[tuple[str, str]]] = {}
        self.owners: dict[str, str] = {}
        self.graph: dict[str, set[str]] = {}

    def run(self) -> list[str]:
        for file in sorted(self.root.rglob("*.[hi]pp")):
            self.files[file.relative_to(self.root).as_posix()] = includes_of(file)
        if not self.files:
            self.errors.append(f"no headers in {self.root}")
        self.find_owners()
        for name in self.files:
            self.check_file(name)
            if not is_private(name):
                self.graph[name.removesuffix(".hpp")] = self.headers_below(name)
        self.check_places()
        self.check_layers()
        self.check_cycles()
        self.check_sources()
        self.check_examples()
        return self.errors

    def definitions_in(self, file: str, includes: list[tuple[str, str]]) -> set[str]:
        """The .ipp files that a file includes, itself or through others of them."""
        found: set[str] = set()
        waiting = [includes]
        while waiting:
            for _, included in waiting.pop():
                name = included.removeprefix("hindsight/")
                if name.endswith(".ipp") and name not in found and name != file and name in self.files:
                    found.add(name)
                    waiting.append(self.files[name])
        return found

    def find_owners(self) -> None:
        direct = {name: {text.removeprefix("hindsight/") for _, text in found} for name, found in self.files.items()}
        headers = [name for name in self.files if not is_private(name)]
        for definitions in (name for name in self.files if name.endswith(".ipp")):
            if not is_private(definitions):
                self.errors.append(f"{definitions}: definitions belong in impl/")
                continue
            owners = [name for name in headers if definitions in direct[name]]
            owners = owners or [name for name in headers if definitions in self.definitions_in(name, self.files[name])]
            if len(owners) == 1:
                self.owners[definitions] = owners[0]
            elif owners:
                self.errors.append(f"{definitions}: more than one header includes it: {', '.join(owners)}")
            else:
                self.errors.append(f"{definitions}: no header includes it in header-only mode")

    def check_file(self, name: str) -> None:
        for quote, included in self.files[name]:
            target = included.removeprefix("hindsight/")
            if quote == '"':
                self.errors.append(f'{name}: "{included}" must be included as <hindsight/...>')
            elif target == included:
                self.check_costly(name, included)
            elif target not in self.files:
                self.errors.append(f"{name}: includes {target}, which does not exist")
            elif is_private(target) and target.endswith(".hpp") and not is_private(name):
                self.errors.append(f"{name}: includes {target}, which is for the files of impl/")

    def check_costly(self, name: str, included: str) -> None:
        for library, allowed in IMPLEMENTATION_ONLY.items():
            is_part = re.match(re.escape(library) + r"[./]", included)
            if is_part and not is_private(name) and name.removesuffix(".hpp") not in allowed:
                self.errors.append(f"{name}: includes <{included}>, which belongs in impl/")

    def headers_below(self, header: str) -> set[str]:
        """The headers that a header and its files in impl/ include."""
        below: set[str] = set()
        seen = {header}
        waiting = [header]
        while waiting:
            for _, included in self.files[waiting.pop()]:
                name = included.removeprefix("hindsight/")
                if name in self.files and self.owners.get(name, header) != header:
                    name = self.owners[name]
                if name not in self.files or name in seen:
                    continue
                seen.add(name)
                if is_private(name):
                    waiting.append(name)
                else:
                    below.add(name.removesuffix(".hpp"))
        return below

    def check_places(self) -> None:
        for header in self.graph:
            if not is_internal(header) and header not in RANK:
                self.errors.append(f"{header}.hpp: has no place yet in LAYERS of check_includes.py")

    def check_layers(self) -> None:
        for header in self.graph:
            if is_internal(header) or header not in RANK:
                continue
            for target, path in self.public_headers_below(header):
                if target in RANK and RANK[target] >= RANK[header]:
                    route = " -> ".join(path)
                    self.errors.append(f"{header}.hpp: may not include {target}.hpp, which is not below it ({route})")

    def public_headers_below(self, header: str) -> list[tuple[str, list[str]]]:
        """Those that a header includes itself or through internal files, each with the way to it."""
        found = []
        seen = {header}
        waiting = [(header, [header])]
        while waiting:
            current, path = waiting.pop()
            for target in sorted(self.graph[current] - seen):
                seen.add(target)
                if is_internal(target):
                    waiting.append((target, [*path, target]))
                else:
                    found.append((target, [*path, target]))
        return found

    def check_cycles(self) -> None:
        finished: set[str] = set()
        path: list[str] = []

        def visit(header: str) -> None:
            if header in path:
                cycle = [*path[path.index(header) :], header]
                self.errors.append("headers include each other in a circle: " + " -> ".join(cycle))
            elif header not in finished:
                path.append(header)
                for target in sorted(self.graph[header]):
                    visit(target)
                path.pop()
                finished.add(header)

        for header in self.graph:
            visit(header)

    def check_sources(self) -> None:
        compiled: dict[str, str] = {}
        for file in sorted(self.sources.rglob("*.cpp")):
            source = "src/" + file.relative_to(self.sources).as_posix()
            includes = includes_of(file)
            if not includes or not all(included.endswith(".ipp") for _, included in includes):
                self.errors.append(f"{source}: must include files of impl/ and nothing else")
            for definitions in sorted(self.definitions_in(source, includes)):
                if definitions in compiled:
                    self.errors.append(f"{definitions}: both {compiled[definitions]} and {source} compile it")
                compiled[definitions] = source
        for name in self.files:
            if name.endswith(".ipp") and name not in compiled:
                self.errors.append(f"{name}: no file in src/ compiles it")

    def check_examples(self) -> None:
        for file in sorted(file for file in self.examples.rglob("*") if file.suffix in (".hpp", ".cpp")):
            for _, included in includes_of(file):
                if included.startswith(("hindsight/detail/", "hindsight/impl/")):
                    self.errors.append(f"examples/{file.name}: includes {included}; examples use public headers only")


def self_test() -> list[str]:
    """Each set of files breaks one rule; the text must be among the errors. An empty text: there must be none."""
    own = "#include <hindsight/{}>\n".format
    cases = [
        (
            "",
            {
                "include/hindsight/fwd.hpp": "",
                "include/hindsight/types.hpp": own("fwd.hpp") + own("impl/types.ipp"),
                "include/hindsight/impl/types.ipp": own("types.hpp") + own("impl/hidden.hpp"),
                "include/hindsight/impl/hidden.hpp": "#include <boost/signals2.hpp>\n",
                "src/types.cpp": own("impl/types.ipp"),
            },
        ),
        ("no place", {"include/hindsight/surprise.hpp": ""}),
        ("not below it", {"include/hindsight/fwd.hpp": own("types.hpp"), "include/hindsight/types.hpp": ""}),
        (
            "not below it (event_store -> detail/x -> thread_pool)",
            {
                "include/hindsight/event_store.hpp": own("detail/x.hpp"),
                "include/hindsight/detail/x.hpp": own("thread_pool.hpp"),
                "include/hindsight/thread_pool.hpp": "",
            },
        ),
        (
            "in a circle: detail/x -> detail/y -> detail/x",
            {
                "include/hindsight/detail/x.hpp": own("impl/detail/x.ipp"),
                "include/hindsight/detail/y.hpp": own("detail/x.hpp"),
                "include/hindsight/impl/detail/x.ipp": own("detail/y.hpp"),
            },
        ),
        ("belongs in impl/", {"include/hindsight/fwd.hpp": "#  include <boost/signals2.hpp>\n"}),
        (
            "for the files of impl/",
            {"include/hindsight/fwd.hpp": own("impl/hidden.hpp"), "include/hindsight/impl/hidden.hpp": ""},
        ),
        (
            "impl/y.ipp: both src/x.cpp and src/y.cpp",
            {
                "include/hindsight/impl/x.ipp": own("impl/y.ipp"),
                "include/hindsight/impl/y.ipp": "",
                "src/x.cpp": own("impl/x.ipp"),
                "src/y.cpp": own("impl/y.ipp"),
            },
        ),
        ("does not exist", {"include/hindsight/fwd.hpp": own("gone.hpp")}),
        ("must be included as", {"include/hindsight/fwd.hpp": '#include "types.hpp"\n'}),
        ("no file in src/", {"include/hindsight/fwd.hpp": "", "include/hindsight/impl/fwd.ipp": own("fwd.hpp")}),
        ("in header-only mode", {"include/hindsight/fwd.hpp": "", "include/hindsight/impl/fwd.ipp": own("fwd.hpp")}),
        (
            "public headers only",
            {"include/hindsight/detail/x.hpp": "", "examples/a/b.cpp": own("detail/x.hpp")},
        ),
        ("and nothing else", {"include/hindsight/fwd.hpp": "", "src/fwd.cpp": own("fwd.hpp")}),
    ]
    failures = []
    for expected, files in cases:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = pathlib.Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            errors = Checker(pathlib.Path(folder)).run()
        if (expected and not any(expected in error for error in errors)) or (not expected and errors):
            failures.append(f"expected {expected or 'no error'!r}, but found {errors}")
    return failures


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    errors = self_test() if sys.argv[1] == "--self-test" else Checker(pathlib.Path(sys.argv[1])).run()
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
