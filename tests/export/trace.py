"""Checks a trace: the format by its schema, what no schema says by hand, the contents against the records."""

import collections
import decimal
import json
import pathlib
from typing import Any, Iterator

SCHEMA = pathlib.Path(__file__).with_name("trace_event.schema.json")


def validate(trace: dict) -> None:
    import jsonschema

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    # Decimals, which keep times exact, are numbers.
    checker = jsonschema.Draft7Validator.TYPE_CHECKER.redefine(
        "number", lambda _, value: isinstance(value, (int, float, decimal.Decimal)) and not isinstance(value, bool)
    )
    validator = jsonschema.validators.extend(jsonschema.Draft7Validator, type_checker=checker)
    validator.check_schema(schema)
    errors = [f"{list(error.absolute_path)}: {error.message}" for error in validator(schema).iter_errors(trace)]
    assert not errors, "\n".join(errors[:10])


def slices(events: list[dict], process: int) -> Iterator[dict]:
    return (event for event in events if event["ph"] == "X" and event["pid"] == process)


def check_nesting(events: list[dict]) -> None:
    tracks = collections.defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append((event["ts"], event["dur"]))
    for track, found in tracks.items():
        around: list[decimal.Decimal] = []
        # Readers keep the order of those that begin at the same time.
        for begin, duration in sorted(found, key=lambda slice: slice[0]):
            while around and around[-1] <= begin:
                around.pop()
            assert not around or begin + duration <= around[-1], f"slices of {track} overlap at {begin}"
            assert not around or track[0] != 1, f"events of {track} overlap at {begin}"
            around.append(begin + duration)


def check_arrows(events: list[dict]) -> collections.Counter:
    """Each has one begin and one end, and both lie on slices; how many there are of each kind."""
    starts = collections.Counter()
    begins = {(event["pid"], event["tid"], event["ts"]) for event in events if event["ph"] == "X"}
    arrows: dict[tuple, dict[str, dict]] = collections.defaultdict(dict)
    for event in events:
        if event["ph"] in "sf":
            ends = arrows[event["cat"], event["id"]]
            assert event["ph"] not in ends, f"two arrows are {event['id']}"
            ends[event["ph"]] = event
            assert (event["pid"], event["tid"], event["ts"]) in begins, f"{event} is on no slice"
    for key, ends in arrows.items():
        assert set(ends) == {"s", "f"}, f"the arrow {key} has {set(ends)}"
        assert ends["s"]["ts"] <= ends["f"]["ts"], f"the arrow {key} goes back in time"
        starts[key[0]] += 1
    return starts


def check(directory: pathlib.Path, records: list[dict]) -> None:
    text = (directory / "trace.json").read_text(encoding="utf-8")
    trace: dict[str, Any] = json.loads(text, parse_float=decimal.Decimal)
    validate(trace)
    events = trace["traceEvents"]
    check_nesting(events)
    arrows = check_arrows(events)

    exported = list(slices(events, 1))
    assert [event["args"] for event in exported] == records, "the arguments are not the records"
    names = {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in events
        if event["ph"] == "M" and event["name"] == "thread_name"
    }
    for event, record in zip(exported, records):
        assert event["name"] == record["name"]
        assert names[1, event["tid"]] == record.get("source", "(no source)")

    seqs = [record["seq"] for record in records]
    times = {record["seq"]: record["time"] for record in records}
    assert exported[0]["ts"] == 0 or min(event["ts"] for event in slices(events, 2)) == 0
    for event, record in zip(exported, records):
        assert nanoseconds(trace["otherData"]["begin"]) + event["ts"] * 1000 == nanoseconds(record["time"])
    causes = sum(r.get("cause") in times and times[r["cause"]] <= r["time"] and r["cause"] != r["seq"] for r in records)
    runs = list(slices(events, 2))
    assert runs and arrows["cause"] == causes
    assert arrows["delivery"] == sum(run["args"]["seq"] in seqs for run in runs)
    assert any(run["args"]["failed"] for run in runs) and not all(run["args"]["failed"] for run in runs)
    for run in runs:
        assert run["dur"] * 1000 <= run["args"]["nanoseconds"]
        assert nanoseconds(trace["otherData"]["begin"]) + run["ts"] * 1000 == nanoseconds(run["args"]["start"])


def nanoseconds(time: str) -> int:
    """In nanoseconds since some day; the samples last less than that day."""
    hours, minutes, rest = time[11:-1].split(":")
    whole, fraction = rest.split(".")
    return (int(hours) * 3600 + int(minutes) * 60 + int(whole)) * 10**9 + int(fraction)
