"""Has Mermaid's own parser read a diagram and compares what it found with the records."""

import json
import os
import pathlib
import subprocess

from drawn import drawn, drawn_places, place_of


def check(directory: pathlib.Path, records: list[dict]) -> None:
    reader = pathlib.Path(__file__).with_name("read_mermaid.mjs")
    read = subprocess.run(
        ["node", reader, os.environ["HINDSIGHT_MERMAID"], directory / "diagram.mmd"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert read.returncode == 0, read.stderr
    diagram = json.loads(read.stdout)

    places = drawn_places(records)
    participants = {place: f"p{number}" for number, place in enumerate(places, 1)}
    assert diagram["participants"] == [[participants[p], drawn(p[1] or "(no source)")] for p in places]
    boxes: dict[str, list[str]] = {}
    for scope, source in places:
        if scope:
            boxes.setdefault(scope, []).append(participants[scope, source])
    assert diagram["boxes"] == [[drawn(scope), within] for scope, within in boxes.items()]

    by_seq = {record["seq"]: record for record in records}
    messages = []
    for record in records:
        to = participants[place_of(record)]
        text = f"{drawn(record['name'])} ({record['seq']}"
        cause = by_seq.get(record.get("cause"))
        if cause is not None:
            messages.append([participants[place_of(cause)], to, text + ")"])
        elif "cause" in record:
            messages.append([to, to, text + f", caused by {record['cause']}, which is not shown)"])
        else:
            messages.append([to, to, text + ")"])
    assert diagram["messages"] == messages
    notes = sum(record.get("cause") not in by_seq for record in records)
    assert diagram["notes"] == notes
