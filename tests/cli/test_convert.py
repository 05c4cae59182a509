"""``lrs convert``: logs of other systems in, statements out, and an account of every line."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrs.cli.tail import followed
from tests.cli.calling import call, spawn
from tests.sources import samples
from tests.sources.edx.log import HOME, MARK, event, line
from tests.sources.hostile import STRANGE, UNREADABLE

VIDEO = {"id": "v42", "currentTime": 1, "duration": 60}


def lines(count: int, start: int = 0) -> bytes:
    """Make lines of a log, each of them another event."""
    return b"".join(line("play_video", VIDEO | {"currentTime": start + n}, source="browser") + b"\n" for n in range(count))


@pytest.fixture
def convert(tmp_path: Path) -> list[object]:
    """Give the words of the command, with a key of this test's own."""
    return ["convert", "edx", "--home", HOME, "--key", tmp_path / "source.key"]


@pytest.mark.parametrize("spelt", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_log_becomes_statements_once(spelt: Any, convert: list[object], data: Path, tmp_path: Path) -> None:
    """Through real pipes into a store; a second time changes nothing; the key is made once, for its owner alone."""
    log = tmp_path / "tracking.log"
    log.write_bytes(spelt(lines(20) + line("edx.unheard.of", {}) + b"\n" + lines(5, 20)))
    first = call(*convert, log)
    assert (first.status, len(first.out.splitlines())) == (0, 25)
    assert "26 events: 25 statements, 1 without a mapping, 0 not readable.\n        1 x edx.unheard.of\n" in first.err
    assert stat.S_IMODE((tmp_path / "source.key").stat().st_mode) == 0o600
    stored = spawn("ingest", "-", "--data", data, stdin=first.out.encode())
    assert (stored.status, stored.out) == (0, "25 statements stored, 0 were stored before, 0 lines refused.\n")
    again = spawn(*convert, "-", stdin=log.read_bytes())
    assert again.out == first.out
    stored = spawn("ingest", "-", "--data", data, stdin=again.out.encode())
    assert stored.out == "0 statements stored, 25 were stored before, 0 lines refused.\n"
    assert MARK not in first.out + first.err + again.err


def test_what_can_t_be_read_is_named_by_file_and_line(convert: list[object], tmp_path: Path) -> None:
    """Truncated, in another encoding, of a future version, far too long, from an unset clock: each named, no neighbour lost."""
    future = event("play_video", VIDEO) | {"context": {"course_id": {"version": 9, "key": MARK}}}
    bad = [
        line("play_video", VIDEO)[:200],
        json.dumps(event("play_video", VIDEO, username="Zoé"), ensure_ascii=False).encode("latin-1"),
        json.dumps(future).encode(),
        b'{"event": "' + b"x" * (50 << 20) + b'"}',
        line("play_video", VIDEO, time="1970-01-01T00:00:12Z"),
        b'{"data":' * 200_000,
        b"",
    ]
    log, report = tmp_path / "tracking.log", tmp_path / "report.jsonl"
    log.write_bytes(b"".join(lines(1, n) + each + b"\r\n" for n, each in enumerate(bad)) + lines(1, 99)[:-1])
    done = call(*convert, log, "--report", report)
    assert (done.status, len(done.out.splitlines())) == (1, len(bad) + 1)
    named = [json.loads(found) for found in report.read_bytes().splitlines()]
    assert [(found["file"], found["line"]) for found in named] == [(str(log), 2 * n) for n in range(1, 7)]
    assert [found["message"] for found in named] == [
        "the event is not JSON, or cut short",
        f"the event is not UTF-8 (byte {bad[1].index(0xE9)})",
        "the event has another form than is known here",
        "the event is longer than 16 MiB",
        "the event's clock was not set: it says a year before 2000",
        "the event is not JSON, or cut short",
    ]
    assert f"{log}:2: the event is not JSON, or cut short" in done.err
    assert f"{log}:6: the event has another form than is known here at $.context.course_id" in done.err
    assert MARK not in done.err + report.read_text()


@pytest.mark.parametrize("source", samples.SAMPLES)
def test_no_source_loses_a_neighbour(source: str, tmp_path: Path) -> None:
    """Whatever stands between two events, of whichever source: a line that can't be read is named, and the others are what they were."""
    good = json.dumps(samples.SAMPLES[source][0]).encode()
    bad = [make(samples.SAMPLES[source][0]) for make in (UNREADABLE | STRANGE).values()]
    log, report, key = tmp_path / "log", tmp_path / "report.jsonl", tmp_path / "source.key"
    words = ["convert", source, log, "--home", HOME, "--key", key]
    log.write_bytes(good)
    alone = call(*words).out
    log.write_bytes(b"\n".join(line for each in bad for line in (good, each)) + b"\n" + b'{"x": "' + b"x" * (50 << 20) + b'"}\n' + good)
    done = call(*words, "--report", report)
    named = [json.loads(found) for found in report.read_bytes().splitlines()]
    places = {each["line"] for each in named}
    assert places >= {2 * n for n in range(1, len(UNREADABLE) + 1)} | {2 * len(bad) + 1}
    assert {each["file"] for each in named} == {str(log)}
    assert not places & {2 * n - 1 for n in range(1, len(bad) + 1)}
    assert done.out.count(alone) >= len(bad) + 1
    assert done.status == 1
    assert samples.MARK not in done.err + report.read_text()


def test_a_damaged_archive_gives_what_it_holds(convert: list[object], tmp_path: Path) -> None:
    """Up to the damage, which is told."""
    log = tmp_path / "tracking.log.gz"
    log.write_bytes(gzip.compress(lines(2000))[:-2000])
    done = call(*convert, log)
    assert done.status == 1
    assert 0 < len(done.out.splitlines()) < 2000
    assert "damaged or cut short" in done.err


@pytest.mark.parametrize("wrong", [["--follow", "-"], ["--names", "/nowhere"], ["--people", "/nowhere"], ["/nowhere"]])
def test_wrong_calls(wrong: list[str], convert: list[object]) -> None:
    """Refused before anything is converted."""
    done = call(*convert, *wrong, *(["-"] if wrong[0] in {"--names", "--people"} else []))
    assert (done.status, done.out) == (1, "")


def test_titles_and_a_key_that_is_none(convert: list[object], tmp_path: Path) -> None:
    """Titles of courses come from a file; a key file that holds something else is refused."""
    names, log = tmp_path / "names.json", tmp_path / "log"
    names.write_text('{"course-v1:Ecole+Chimie+2026": "Chimie"}')
    log.write_bytes(lines(1))
    made = json.loads(call(*convert, log, "--names", names).out)
    assert made["context"]["contextActivities"]["parent"][0]["definition"]["name"] == {"en-US": "Chimie"}
    assert call(*convert[:-1], names, log).status == 1


@pytest.mark.parametrize("spelt", [lambda each: each, lambda each: [each, each]], ids=["object", "array"])
def test_a_document_gives_its_events(spelt: Any, convert: list[object], tmp_path: Path) -> None:
    """As tools print JSON for people, over many lines; one that is no JSON, or followed by something, is lines, each named."""
    log = tmp_path / "event.json"
    given = spelt(json.loads(line("play_video", VIDEO)))
    log.write_text("\n" + json.dumps(given, indent=4) + "\n")
    done = call(*convert, log)
    alone = call(*convert, "-", stdin=line("play_video", VIDEO))
    assert (done.status, set(done.out.splitlines())) == (0, {alone.out.strip()})
    assert f"{len(given) if isinstance(given, list) else 1} events: " in done.err
    log.write_bytes(log.read_bytes() + line("play_video", VIDEO) + b"\n")
    broken = call(*convert, log)
    assert (broken.status, broken.out.splitlines()[-1:]) == (1, [alone.out.strip()])


def test_people_whom_events_know_by_login_alone(convert: list[object], tmp_path: Path) -> None:
    """Refused with the option that would help, said once; with their numbers they are who they are. Lines may begin as a logger writes them."""
    people, log = tmp_path / "people.json", tmp_path / "tracking.log"
    people.write_text(json.dumps({MARK: "1042"}))
    nameless = line("page_close", {}, source="browser", context={"user_id": None})
    log.write_bytes(
        b"".join(b"2026-03-02 09:30:15,250 INFO 20 [tracking] [user None] logger.py:41 - " + each + b"\n" for each in [nameless] * 2)
    )
    refused = call(*convert, log)
    assert (refused.status, refused.out, refused.err.count("--people"), MARK in refused.err) == (1, "", 1, False)
    known = call(*convert, log, "--people", people)
    assert [json.loads(made)["actor"]["account"]["name"] for made in known.out.splitlines()] == ["1042", "1042"]
    assert (known.status, MARK in known.out + known.err) == (0, False)


def opened_by(process: int) -> set[str]:
    """Give the files that a process has open."""
    found = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(str(descriptor.readlink()))
    return found


def read_by(process: int) -> set[int]:
    """Give how far a process has got in each of the files that it has open, in bytes."""
    found = set()
    for descriptor in Path(f"/proc/{process}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            found.add(int(descriptor.read_text().partition("pos:")[2].split()[0]))
    return found


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for what another process does, half a minute at most."""
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_running_log_is_followed(convert: list[object], data: Path, tmp_path: Path) -> None:
    """Events are stored soon after they are written, through the rotation of the file; SIGTERM ends both ends in good order."""
    log = tmp_path / "tracking.log"
    log.write_bytes(lines(3))
    command = [sys.executable, "-m", "lrs"]
    converting = subprocess.Popen([*command, *map(str, convert), "--follow", str(log)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ingesting = subprocess.Popen(
        [*command, "ingest", "-", "--data", str(data)], stdin=converting.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert converting.stdout is not None
    converting.stdout.close()
    try:
        wait_until(lambda: str(log) in opened_by(converting.pid))
        with log.open("ab") as file:
            file.write(lines(2, 3)[:-10])
            file.flush()
            time.sleep(0.1)
            file.write(lines(2, 3)[-10:])
        log.rename(tmp_path / "tracking.log.1")
        log.write_bytes(lines(4, 5))
        renamed = log.stat().st_ino
        wait_until(lambda: renamed in {Path(name).stat().st_ino for name in opened_by(converting.pid) if name == str(log)})
        wait_until(lambda: log.stat().st_size in read_by(converting.pid))
        converting.send_signal(signal.SIGTERM)
        out, _ = ingesting.communicate(timeout=30)
        assert converting.wait(10) == 0
    finally:
        for process in (converting, ingesting):
            process.kill()
            process.wait()
    assert out == b"9 statements stored, 0 were stored before, 0 lines refused.\n"


def test_the_lines_of_a_growing_file(tmp_path: Path) -> None:
    """A line is given when it is whole; after rotation, truncation and a gap, nothing is given twice or left out; a long one is cut."""
    log = tmp_path / "log"
    log.write_bytes(b"one\ntw")
    steps = iter(
        [
            lambda: log.open("ab").write(b"o\r\nthree\n"),
            lambda: (log.open("ab").write(b"four\nunfinished"), log.rename(tmp_path / "log.1")),
            lambda: log.write_bytes(b"five\n"),
            lambda: log.open("ab").write(b"six\n" + b"y" * 30 + b"\n"),
            lambda: (os.truncate(log, 0), log.open("ab").write(b"7\n")),
        ]
    )

    class Over(Exception):
        """Nothing more will be written."""

    def pause() -> None:
        step = next(steps, None)
        if step is None:
            raise Over
        step()

    given: list[bytes] = []
    with pytest.raises(Over):
        deque(map(given.append, followed(log, longest=20, pause=pause)))
    assert given == [b"one", b"two", b"three", b"four", b"unfinished", b"five", b"six", b"y" * 21, b"7"]


def test_a_class_becomes_statements_once(data: Path, tmp_path: Path) -> None:
    """A recorded meeting goes into a store, once; the notice's digest goes with the recording, and a notice that is missing is named."""
    (tmp_path / "notice.txt").write_text("This class is recorded.", "utf-8")
    samples.write(tmp_path)
    words = ["convert", "bigbluebutton", tmp_path / "bigbluebutton.jsonl", "--home", HOME, "--key", tmp_path / "source.key"]
    first = call(*words, "--notice", tmp_path / "notice.txt")
    assert first.status == 0
    assert first.out.count(hashlib.sha256(b"This class is recorded.").hexdigest()) == 2
    number = len({json.loads(statement)["id"] for statement in first.out.splitlines()})
    for stored in (number, 0):
        done = spawn("ingest", "-", "--data", data, stdin=first.out.encode())
        assert done.out.startswith(f"{stored} statements stored")
        assert done.out.endswith(" 0 lines refused.\n")
    missing = call(*words, "--notice", tmp_path / "nowhere.txt")
    assert missing.status != 0
    assert "nowhere.txt can't be read" in missing.err
