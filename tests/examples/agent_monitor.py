#!/usr/bin/env python3
"""Tests the agent monitor against find, cat and wc.

    agent_monitor.py PROGRAM [TEST...]
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
ODD_NAMES = [b"new\nline", b"not \xff utf-8", b"\x1b[31mred", b"-dash", b"sp ace", "ü€".encode(), b'q"uote\\', b"*", b"\r"]


def run(*arguments: str) -> subprocess.CompletedProcess:
    # Nothing takes a minute but a program that hangs, on a FIFO for instance.
    return subprocess.run([PROGRAM, *arguments], capture_output=True, encoding="utf-8", timeout=60, check=False)


def reported(report: str) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"^(files|bytes|lines|errors): (\d+)$", report, re.MULTILINE)}


def counted(directory: str) -> dict[str, int]:
    """What the monitor is to report for a directory in which everything is readable."""
    start = os.path.join(directory, "")
    files = subprocess.check_output(["find", start, "-type", "f", "-printf", "x"])
    listed = subprocess.Popen(["find", start, "-type", "f", "-exec", "cat", "{}", "+"], stdout=subprocess.PIPE)
    lines, size = subprocess.check_output(["wc", "-l", "-c"], stdin=listed.stdout).split()
    listed.communicate()
    return {"files": len(files), "bytes": int(size), "lines": int(lines), "errors": 0}


def make_tree(root: pathlib.Path) -> None:
    """A little of everything: sizes around the 64 KiB that are read at once, odd names, and what is no regular file."""
    for number, size in enumerate([0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1_000_000]):
        folder = root / f"folder_{number}" / "nested"
        folder.mkdir(parents=True)
        (folder / "text").write_bytes((b"0123456\n" * (size // 8 + 1))[:size])
        (folder / "newlines").write_bytes(b"\n" * size)
    odd = root / "odd\nfolder"
    odd.mkdir()
    for name in ODD_NAMES:
        pathlib.Path(os.fsdecode(os.path.join(os.fsencode(odd), name))).write_bytes(b"one\n\0two")
    for number in range(300):  # more than one heartbeat's worth
        (root / "folder_0" / f"file_{number}").write_bytes(b"line\n" * number)
    os.mkfifo(root / "fifo")
    (root / "link_to_file").symlink_to(root / "folder_1" / "nested" / "text")
    (root / "link_to_parent").symlink_to("..")
    (root / "dangling").symlink_to("nowhere")


class AgentMonitor(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.directory = pathlib.Path(cls.temporary.name)
        cls.tree = cls.directory / "tree"
        cls.tree.mkdir()
        make_tree(cls.tree)

    def check_totals(self, directory: str, *arguments: str) -> str:
        result = run(directory, *arguments)
        self.assertEqual(result.stderr, "", "no progress where there is no terminal")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(reported(result.stdout), counted(directory))
        return result.stdout

    def read_json(self, *arguments: str) -> list[dict]:
        file = self.directory / "history.jsonl"
        self.check_totals(str(self.tree), "--json", str(file), *arguments)
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    def test_totals(self) -> None:
        self.check_totals(str(self.tree))
        for agents in ("1", "7"):
            self.check_totals(str(self.tree), "--agents", agents)

    def test_directory_may_be_a_symbolic_link(self) -> None:
        link = self.directory / "link_to_tree"
        link.symlink_to(self.tree)
        self.check_totals(str(link))

    def test_empty_directory(self) -> None:
        empty = self.directory / "empty"
        empty.mkdir()
        self.check_totals(str(empty))

    def test_report_is_plain_text(self) -> None:
        report = self.check_totals(str(self.tree / "odd\nfolder"))
        self.assertFalse(re.search(r"[^\x20-\x7e\nü€]", report))

    def test_json_tells_the_whole_history(self) -> None:
        records = self.read_json("--agents", "3")
        seqs = [record["seq"] for record in records]
        self.assertEqual(seqs, sorted(set(seqs)))

        by_name = collections.defaultdict(list)
        for record in records:
            by_name[record["name"]].append(record)
        agents = {"agent_1", "agent_2", "agent_3"}
        for name in ("agent.started", "agent.ready", "agent.terminated"):
            self.assertEqual({record["source"] for record in by_name[name]}, agents)
            self.assertEqual(len(by_name[name]), len(agents))
        heartbeats = collections.Counter(record["key"] for record in by_name["agent.heartbeat"])
        self.assertEqual(heartbeats, {agent: 2 for agent in agents})
        self.assertNotIn("agent.error", by_name)

        totals = counted(str(self.tree))
        files = [record["payload"] for record in by_name["file.indexed"]]
        self.assertEqual(len(files), totals["files"])
        self.assertEqual(sum(file["bytes"] for file in files), totals["bytes"])
        self.assertEqual(sum(file["lines"] for file in files), totals["lines"])
        self.assertIn(str(self.tree / "odd\nfolder" / "new\nline"), {file["path"] for file in files})
        work = [record["payload"] for record in by_name["agent.terminated"]]
        self.assertEqual(sum(each["files"] for each in work), totals["files"])
        self.assertEqual(sum(each["bytes"] for each in work), totals["bytes"])

    def test_trace_shows_agents_as_tracks(self) -> None:
        file = self.directory / "trace.json"
        self.check_totals(str(self.tree), "--agents", "3", "--trace", str(file))
        events = json.loads(file.read_text(encoding="utf-8"))["traceEvents"]
        tracks = {
            (event["pid"], event["tid"]): event["args"]["name"] for event in events if event["name"] == "thread_name"
        }
        agents = {"agent_1", "agent_2", "agent_3"}
        self.assertEqual({name for (process, _), name in tracks.items() if process == 1}, agents)
        slices = [event for event in events if event["ph"] == "X"]
        read = [event for event in slices if event["name"] == "file.indexed"]
        self.assertEqual(len(read), counted(str(self.tree))["files"])
        for event in read:
            self.assertEqual(tracks[event["pid"], event["tid"]], event["args"]["source"])
        handled = [event for event in slices if event["name"] == "totals"]
        self.assertEqual({event["args"]["seq"] for event in handled}, {event["args"]["seq"] for event in read})
        for event in handled:
            self.assertRegex(tracks[event["pid"], event["tid"]], r"^thread \d+$")
            self.assertGreaterEqual(event["args"]["nanoseconds"], 0)  # 0: the wall clock was corrected meanwhile
        self.assertGreater(max(event["args"]["nanoseconds"] for event in handled), 0)
        arrows = collections.Counter(event["ph"] for event in events if event["name"] == "delivery")
        self.assertEqual(arrows["s"], arrows["f"])
        self.assertGreaterEqual(arrows["s"], len(read))

    def test_history_is_bounded(self) -> None:
        records = self.read_json("--history", "3")
        self.assertEqual(sum(record["name"] == "file.indexed" for record in records), 3)
        evicted = counted(str(self.tree))["files"] - 3
        report = self.check_totals(str(self.tree), "--history", "3")
        self.assertIn(f"slowest files of the 3 that history remembers ({evicted} were evicted)", report)
        self.check_totals(str(self.tree), "--history", "0")

    def test_unreadable_directory(self) -> None:
        # Nobody can open a path of more than 4,096 bytes, not even root.
        root = self.directory / "unreadable"
        root.mkdir()
        (root / "readable").write_bytes(b"line\n")
        folder = os.open(root, os.O_RDONLY)
        for _ in range(20):
            os.mkdir("d" * 250, dir_fd=folder)
            inner = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.close(folder)
        result = run(str(root))
        self.assertEqual(result.returncode, 0)
        self.assertEqual(reported(result.stdout), {"files": 1, "bytes": 5, "lines": 1, "errors": 1})
        self.assertEqual(len(result.stderr.splitlines()), 1)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_many_unreadable_files(self) -> None:
        root = self.directory / "forbidden"
        root.mkdir()
        for number in range(25):
            (root / str(number)).touch(mode=0)
        (root / "folder").mkdir(mode=0)
        result = run(str(root))
        (root / "folder").chmod(0o700)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(reported(result.stdout), {"files": 0, "bytes": 0, "lines": 0, "errors": 26})
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 11)
        self.assertIn("16 more errors", lines[-1])

    def check_failure(self, code: int, *arguments: str) -> None:
        result = run(*arguments)
        self.assertEqual(result.returncode, code, arguments)
        self.assertEqual(len(result.stderr.splitlines()), 1, arguments)

    def test_exit_codes(self) -> None:
        tree = str(self.tree)
        self.check_failure(2, str(self.directory / "nowhere"))
        self.check_failure(2, str(self.tree / "folder_0" / "file_1"))
        for number in ("0", "-1", "many", "3 ", "1.5", "", "99999999999999999999"):
            self.check_failure(2, tree, "--agents", number)
        self.check_failure(2, tree, "--agents")
        self.check_failure(2, tree, "--nonsense")
        self.check_failure(2, tree, tree)
        self.check_failure(1, tree, "--json", str(self.directory / "nowhere" / "file"))
        self.check_failure(1, tree, "--json", tree)
        self.check_failure(1, tree, "--trace", str(self.directory / "nowhere" / "file"))
        self.check_failure(2, tree, "--trace")
        if os.path.exists("/dev/full"):
            self.check_failure(1, tree, "--json", "/dev/full")
            self.check_failure(1, tree, "--trace", "/dev/full")

    def test_help(self) -> None:
        result = run("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("usage: agent_monitor", result.stdout)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
