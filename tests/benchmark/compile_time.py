#!/usr/bin/env python3
"""Times the compiler, in CPU time of its processes, and gives rows for table.py."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

include = Path(__file__).resolve().parents[2] / "include"
compiler = os.environ.get("CXX", "c++").split()
flags = ["-std=c++20", "-O2", f"-I{include}"]
types = range(10)


def standard_headers(directory, file):
    """Those that hindsight's own headers include, as far as this platform's compiler reads them."""
    listed = subprocess.run([*compiler, *flags, "-M", file], cwd=directory, capture_output=True, text=True, check=True)
    read = [Path(name) for name in listed.stdout.replace("\\\n", " ").split()[1:]]
    own = [path for path in read if path.is_relative_to(include)]
    wanted = {name for path in own for name in re.findall(r"^#\s*include <(\w+)>", path.read_text(), re.MULTILINE)}
    return sorted(wanted & {path.name for path in read})


def structs():
    return "".join(f"struct Event{i} {{ static constexpr std::string_view event_name = \"benchmark.e{i}\"; "
                   f"std::uint64_t a, b, c, d; }};\n" for i in types)


def with_hindsight():
    uses = "".join(
        f"    subscriptions.push_back(bus.subscribe<Event{i}>([](const Event{i}& e) {{ sum += e.a; }}));\n"
        f"    bus.emit(Event{i}{{{i}, 2, 3, 4}});\n" for i in types)
    return ("#include <hindsight/hindsight.hpp>\n" + structs() + "std::uint64_t sum = 0;\n"
            "void use(hindsight::EventBus& bus, std::vector<hindsight::Subscription>& subscriptions) {\n" + uses + "}\n")


def with_signals2():
    signals = "".join(f"boost::signals2::signal<void(const Event{i}&)> signal{i};\n" for i in types)
    uses = "".join(
        f"    subscriptions.push_back(signal{i}.connect([](const Event{i}& e) {{ sum += e.a; }}));\n"
        f"    signal{i}(Event{i}{{{i}, 2, 3, 4}});\n" for i in types)
    return ("#include <boost/signals2/signal.hpp>\n#include <cstdint>\n#include <string_view>\n#include <vector>\n" +
            structs() + "std::uint64_t sum = 0;\n" + signals +
            "void use(std::vector<boost::signals2::scoped_connection>& subscriptions) {\n" + uses + "}\n")


def seconds(directory, file):
    """Of all processes of the compiler together."""
    process = subprocess.Popen([*compiler, *flags, "-c", file, "-o", "/dev/null"], cwd=directory)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{file} does not compile")
    return usage.ru_utime + usage.ru_stime


def medians(directory, files, rounds):
    """The files take turns."""
    times = {file: [] for file in files}
    for _ in range(rounds):
        for file in files:
            times[file].append(seconds(directory, file))
    return [statistics.median(times[file]) for file in files]


def print_row(**fields):
    row = {"unit": "s", "peer_name": "", "peer": 0, "ratio": None, "bound": "<=", "note": ""}
    print(json.dumps(row | fields), flush=True)


def main():
    rounds = 1 if "--quick" in sys.argv else 5
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "all.cpp").write_text("#include <hindsight/hindsight.hpp>\n")
        standard = standard_headers(directory, "all.cpp")
        (directory / "standard.cpp").write_text("".join(f"#include <{header}>\n" for header in standard))
        (directory / "ours.cpp").write_text(with_hindsight())
        (directory / "peer.cpp").write_text(with_signals2())
        whole, floor = medians(directory, ["all.cpp", "standard.cpp"], rounds)
        ours, peer = medians(directory, ["ours.cpp", "peer.cpp"], (rounds + 1) // 2)
    print_row(work="compile: hindsight.hpp, over its standard headers", ours=whole - floor, target=0.35,
              note=f"{whole:.2f} s less {floor:.2f} s of {len(standard)} headers")
    print_row(work="compile: ten event types", ours=ours, peer_name="Signals2", peer=peer, ratio=ours / peer, target=0.25)


if __name__ == "__main__":
    main()
