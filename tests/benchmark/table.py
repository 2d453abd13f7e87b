#!/usr/bin/env python3
"""Runs the benchmark programs and prints the rows that they give as one table."""

import argparse
import json
import math
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

here = Path(__file__).resolve().parent


def parse_arguments():
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("programs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--filter", default="", metavar="REGEX", help="only the parts whose names match")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds; the figures vary more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows there")
    return parser.parse_args()


def commands(arguments):
    """Each program, with the name that the filter knows it by; the first one filters its own cases."""
    quick = ["--quick"] if arguments.quick else []
    events = "10000000" if arguments.quick else "100000000"
    yield None, [arguments.programs / "benchmark_time", "--filter", arguments.filter, *quick]
    yield "memory", [arguments.programs / "benchmark_memory", events]
    yield "allocations", [arguments.programs / "benchmark_allocations"]
    yield "compile_time", [sys.executable, here / "compile_time.py", *quick]


def run(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        rows = [json.loads(line) for line in process.stdout]
    if process.returncode != 0:
        sys.exit(f"{Path(command[0]).name} failed with {process.returncode}")
    return rows


def is_met(row):
    """True, False, or None where there is no target or nothing was measured."""
    value = row["ratio"] if row["peer_name"] else row["ours"]
    if not row["bound"] or value is None:
        return None
    return value <= row["target"] if row["bound"] == "<=" else value >= row["target"]


def number(value):
    """Three or four digits that count, without an exponent."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    decimals = max(0, min(6, 2 - math.floor(math.log10(abs(value)))))
    return f"{value:.{decimals}f}"


def cells(row):
    unit = f" {row['unit']}" if row["unit"] else ""
    relative = bool(row["peer_name"])
    met = {True: "yes", False: "no", None: ""}[is_met(row)]
    return [
        row["work"],
        number(row["ours"]) + unit,
        number(row["peer"]) + unit if relative else "",
        row["peer_name"],
        number(row["ratio"]) if relative else "",
        f"{row['bound']} {row['target']:g}{' x' if relative else unit}" if row["bound"] else "",
        met,
        row["note"],
    ]


def print_table(rows):
    header = ["work", "ours", "peer", "", "ratio", "target", "met", "note"]
    right_aligned = {1, 2, 4}
    lines = [header] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        padded = (text.rjust(width) if i in right_aligned else text.ljust(width)
                  for i, (text, width) in enumerate(zip(line, widths)))
        print("  ".join(padded).rstrip())


def machine():
    model = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    compiler = subprocess.run([os.environ.get("CXX", "c++"), "--version"], capture_output=True, text=True, check=True)
    return f"{len(os.sched_getaffinity(0))} x {model}, {compiler.stdout.splitlines()[0]}"


def warn_of_load(load):
    if load > 0.5:
        print(f"others use this machine (load {load:.1f}): figures of several threads say little", file=sys.stderr)


def main():
    arguments = parse_arguments()
    load = os.getloadavg()[0]
    warn_of_load(load)
    rows = []
    for name, command in commands(arguments):
        if name is None:
            rows += run(command)
        elif re.search(arguments.filter, name):
            print(name, file=sys.stderr)
            rows += run(command)
    print_table(rows)
    print(f"\n{machine()}, load {load:.1f} at the start")
    if arguments.json:
        for row in rows:
            row["met"] = is_met(row)
        arguments.json.write_text(json.dumps({"machine": machine(), "load": load, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
