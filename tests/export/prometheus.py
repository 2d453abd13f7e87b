"""Reads metrics with Prometheus's own tool, and compares their numbers with those of the statistics as JSON."""

import json
import pathlib
import re
import subprocess

LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)+)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def parse(text: str) -> dict:
    samples, families = {}, []
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("# TYPE "):
            families.append(line.split(" ")[2])
        if line.startswith("# "):
            continue
        match = LINE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert re.sub("_(bucket|sum|count)$", "", name) == families[-1] or name == families[-1], line
        unescaped = [(key, re.sub(r"\\.", lambda e: ESCAPES[e[0]], text)) for key, text in LABEL.findall(labels or "")]
        sample = (name, *unescaped)
        assert sample not in samples, line
        samples[sample] = float(value)
    assert len(families) == len(set(families))
    return samples


def check_times(samples: dict, name: str, labels: tuple, times: dict | None) -> None:
    if times is None:
        assert (name + "_count", *labels) not in samples
        return
    assert samples[(name + "_count", *labels)] == times["count"]
    assert abs(samples[(name + "_sum", *labels)] - times["sum"] / 1e9) < 1e-9
    buckets = {
        sample[-1][1]: count
        for sample, count in samples.items()
        if sample[0] == name + "_bucket" and sample[1:-1] == labels
    }
    assert len(buckets) == 26
    for edge, count in buckets.items():
        assert count == sum(n for at_most, n in times["buckets"] if edge == "+Inf" or at_most <= float(edge) * 1e9 + 0.5)


def check(directory: pathlib.Path, records: list[dict]) -> None:
    text = (directory / "metrics.txt").read_bytes()
    said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert said.returncode == 0 and not said.stderr and not said.stdout, said

    samples = parse(text.decode())
    stats = json.loads((directory / "statistics.json").read_text(encoding="utf-8"))
    assert samples[("hindsight_events_emitted_total",)] == stats["emitted"] > 0
    assert samples[("hindsight_quarantines_total",)] == stats["quarantines"]
    assert samples[("hindsight_late_replies_total",)] == stats["late_replies"]
    assert samples[("hindsight_events_unhandled_total",)] == stats["unhandled"]
    for outcome in ("delivered", "dropped", "conflated", "discarded"):
        assert samples[("hindsight_deliveries_total", ("outcome", outcome))] == stats[outcome]
    for name, of_name in stats["by_name"].items():
        labels = (("event", name),)
        assert samples[("hindsight_event_emitted_total", *labels)] == of_name["emitted"]
        assert samples[("hindsight_event_failures_total", *labels)] == of_name["failed"]
        check_times(samples, "hindsight_event_wait_seconds", labels, of_name.get("wait"))
        check_times(samples, "hindsight_event_run_seconds", labels, of_name.get("run"))
    for each in stats["subscriptions"]:
        labels = (("id", str(each["id"])), ("name", each["name"]), ("pattern", each["pattern"]))
        for what in ("delivered", "filtered", "skipped", "dropped", "conflated", "discarded", "quarantines"):
            assert samples[(f"hindsight_subscription_{what}_total", *labels)] == each[what]
        assert samples[("hindsight_subscription_paused", *labels)] == (each["paused"] or each["quarantined"])
        check_times(samples, "hindsight_subscription_wait_seconds", labels, each.get("wait"))
        check_times(samples, "hindsight_subscription_run_seconds", labels, each.get("run"))
    assert samples[("hindsight_history_records",)] >= len(records)
