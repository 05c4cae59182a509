"""Nothing acknowledged is lost or doubled, whatever happens to the process, and what is wrong is said in words."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises import mixed
from tests.promises.child import BATCH, batch_of, statement_id

ROUNDS = int(os.environ.get("LRS_TEST_KILL_ROUNDS", "8"))
WITHOUT_ROOT = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
"""Root writes where nobody may; a child without its capabilities meets the same refusals as anyone."""


def child(*arguments: object, prefix: list[str] | None = None, **options: object) -> subprocess.Popen[str]:
    command = [*(prefix or []), sys.executable, "-m", "tests.promises.child", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload, no-any-return]


def answer(*arguments: object, prefix: list[str] | None = None, **options: object) -> dict[str, str]:
    with child(*arguments, prefix=prefix, **options) as process:
        out, _ = process.communicate(timeout=60)
    return json.loads(out.splitlines()[-1])  # type: ignore[no-any-return]


def stored(data: Path) -> Counter[str]:
    with child("list", data) as process:
        out, _ = process.communicate(timeout=120)
    return Counter(json.loads(out))


def acknowledged(process: subprocess.Popen[str], *, kill_after: float) -> list[int]:
    """Let it store for a while, kill it, and give the batches that it said were stored."""
    return [int(line) for line in killed(process, after=kill_after)]


def ids(batches: Iterator[int] | list[int]) -> set[str]:
    return {str(statement_id(batch, n)) for batch in batches for n in range(BATCH)}


def test_killing_the_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """After ``kill -9`` at random moments each acknowledged statement is there once, a batch is there whole or not at all, and sending again is free."""
    chance = random.Random(2026)
    confirmed: list[int] = []
    following = rounds = 0
    # Longer and further rounds where a slow machine has acknowledged too little for the test to mean something.
    while rounds < ROUNDS or len(confirmed) <= ROUNDS:
        rounds += 1
        # The batch that was on its way when the process died is sent again first, as a client would.
        with child("ingest", tmp_path, following) as process:
            confirmed += acknowledged(process, kill_after=chance.uniform(0.0, 0.5 + rounds / ROUNDS))
        following = confirmed[-1] + 1 if confirmed else 0
    there = stored(tmp_path)
    assert ids(confirmed) <= set(there)
    assert set(there.values()) == {1}
    unconfirmed = set(there) - ids(confirmed)
    assert unconfirmed in (set(), ids([following]))


def test_killing_it_in_a_merge_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The same while the engine puts parts together all the time: the old ones are there until the new one is."""
    chance = random.Random(2027)
    confirmed: list[int] = []
    following = rounds = 0
    while rounds < ROUNDS // 4 or len(confirmed) <= ROUNDS // 4:
        rounds += 1
        with child("merge", tmp_path, following) as process:
            confirmed += acknowledged(process, kill_after=chance.uniform(0.2, 1.0))
        following = confirmed[-1] + 1 if confirmed else 0
    there = stored(tmp_path)
    assert ids(confirmed) <= set(there)
    assert set(there.values()) == {1}


def test_killing_it_while_everything_goes_on_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The same while parts are merged, people are erased and keys rotate: whoever was erased stays so, everybody else can be read.

    It is killed a moment after one of these begins, each in turn, until each was under way at some kill and each came to its end before another one.
    """
    chance = random.Random(2028)
    said: list[str] = []
    met: Counter[str] = Counter()
    done: Counter[str] = Counter()
    following = rounds = 0
    while rounds < ROUNDS // 2 or not (met.keys() >= mixed.WORKS.keys() and done.keys() >= {*mixed.WORKS.values()}):
        command = [sys.executable, "-m", "tests.promises.mixed", "load", str(tmp_path), str(following)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            told = killed_in(list(mixed.WORKS)[rounds % len(mixed.WORKS)], process, chance)
        said += told
        met.update(mixed.under_way(told))
        done.update(line.split()[0] for line in told)
        following = max((int(line.split()[1]) for line in said if line.startswith("stored")), default=-1) + 1
        rounds += 1
    print(f"{rounds} kills; under way at them: {dict(met)}; said in all: {dict(done)}")
    assert "broken 0" not in said
    mixed.expect(said, mixed.all_of(tmp_path), following=following)


def killed_in(work: str, process: subprocess.Popen[str], chance: random.Random) -> list[str]:
    """Let it work until this has begun once, twice or three times, kill it a moment later, and give what it said."""
    assert process.stdout is not None
    said = []
    times = chance.randint(1, 3)
    for line in process.stdout:
        said.append(line.rstrip("\n"))
        times -= line.startswith(work)
        if not times:
            break
    time.sleep(chance.uniform(0.0, 0.3))
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().split("\n")[:-1]
    assert process.wait(30) == -signal.SIGKILL
    return said


def killed(process: subprocess.Popen[str], *, after: float) -> list[str]:
    """Let it work for a while once it is open, kill it, and give what it said."""
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first == "open\n"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=30)
    return out.split("\n")[:-1]


def test_two_processes_on_one_directory_are_told(tmp_path: Path) -> None:
    """The second process says that another one holds the directory, and the first one goes on."""
    with child("hold", tmp_path) as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline() == "open\n"
        refused = answer("once", tmp_path)
        assert refused["code"] == "data-directory-in-use"
        assert "process" in refused["hint"]
        first.communicate("\n", timeout=30)
        assert first.returncode == 0
    assert answer("once", tmp_path)["code"] == "stored"


def test_a_wrong_key_writes_nothing(tmp_path: Path) -> None:
    """With another store's keyring nothing is opened and not a byte is written."""
    ours, other = tmp_path / "ours", tmp_path / "other"
    assert answer("once", ours)["code"] == "stored"
    assert answer("once", other)["code"] == "stored"
    key = ours / "keys.json"
    kept = key.read_bytes()
    key.chmod(0o600)
    key.write_bytes((other / "keys.json").read_bytes())
    key.chmod(0o400)
    before = snapshot(ours)
    assert answer("once", ours)["code"] == "key-unavailable"
    assert snapshot(ours) == before
    key.chmod(0o600)
    key.write_bytes(kept)
    key.chmod(0o400)
    assert answer("once", ours)["code"] == "stored"


def test_a_missing_key_is_not_replaced(tmp_path: Path) -> None:
    """A store that lost its keyring says so; a new one would make it look empty of people."""
    assert answer("once", tmp_path)["code"] == "stored"
    (tmp_path / "keys.json").unlink()
    before = snapshot(tmp_path)
    refused = answer("once", tmp_path)
    assert refused["code"] == "key-unavailable"
    assert refused["hint"]
    assert snapshot(tmp_path) == before


def test_an_open_key_file_is_refused(tmp_path: Path) -> None:
    """A key file that others may read is no secret."""
    assert answer("once", tmp_path)["code"] == "stored"
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o400
    (tmp_path / "keys.json").chmod(0o444)
    assert answer("once", tmp_path)["code"] == "key-unavailable"


def test_a_read_only_directory_is_told(tmp_path: Path) -> None:
    """Where nothing may be written the store says so, before and after there is data."""
    tmp_path.chmod(0o500)
    try:
        refused = answer("once", tmp_path / "data", prefix=WITHOUT_ROOT)
        assert refused["code"] in {"configuration", "store-unavailable"}
        assert refused["hint"]
    finally:
        tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """When files can't grow the batch is refused with a clear error, and afterwards all that was acknowledged is there once."""
    with child("fill", tmp_path, 1_000_000) as process:
        out, _ = process.communicate(timeout=120)
    lines = out.splitlines()
    confirmed, refused = [int(line) for line in lines[:-1]], json.loads(lines[-1])
    assert refused["code"] == "store-unavailable"
    assert "learner-" not in refused["message"]
    there = stored(tmp_path)
    assert set(there.values()) == {1}
    assert ids(confirmed) <= set(there)
    assert set(there) - ids(confirmed) in (set(), ids([confirmed[-1] + 1]))
    assert answer("once", tmp_path)["code"] == "stored"


def test_a_directory_that_became_read_only_is_told(tmp_path: Path) -> None:
    """Where there is data and nothing may be written any more, nothing is lost: once it may be written again the store goes on."""
    assert answer("once", tmp_path)["code"] == "stored"
    folders = [tmp_path, *(path for path in tmp_path.rglob("*") if path.is_dir() and not path.is_symlink())]
    modes = {path: path.stat().st_mode for path in folders}
    files = {path: path.stat().st_mode for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()}
    try:
        for path in files:
            path.chmod(0o400)
        for path in folders:
            path.chmod(0o500)
        refused = answer("once", tmp_path, prefix=WITHOUT_ROOT)
        assert refused["code"] in {"configuration", "store-unavailable"}
        assert refused["hint"]
        assert "learner-" not in str(refused)
    finally:
        for path, mode in {**modes, **files}.items():
            path.chmod(mode)
    assert answer("once", tmp_path)["code"] == "stored"
    assert set(stored(tmp_path).values()) == {1}


@pytest.mark.parametrize("damage", ["empty", "cut short", "noise", "a letter", "another number"])
def test_a_damaged_key_file_is_told(damage: str, tmp_path: Path) -> None:
    """Whatever became of it, the store says so, writes nothing, and goes on once the right one is back."""
    assert answer("once", tmp_path)["code"] == "stored"
    key = tmp_path / "keys.json"
    kept = key.read_bytes()
    secret = max(re.findall(rb'"[A-Za-z0-9+/=_-]{30,}"', kept), key=len)
    swapped = secret[:5] + (b"B" if secret[5:6] != b"B" else b"C") + secret[6:]
    bad = {
        "empty": b"",
        "cut short": kept[: len(kept) // 2],
        "noise": bytes(range(256)),
        "a letter": kept.replace(secret, swapped),
        "another number": re.sub(rb":\s*\d+", b":77", kept),
    }[damage]
    assert bad != kept
    put(key, bad)
    before = snapshot(tmp_path)
    refused = answer("once", tmp_path)
    assert refused["code"] == "key-unavailable"
    assert refused["hint"]
    assert secret.decode()[1:20] not in str(refused)
    assert snapshot(tmp_path) == before
    put(key, kept)
    assert answer("once", tmp_path)["code"] == "stored"


def put(key: Path, content: bytes) -> None:
    key.chmod(0o600)
    key.write_bytes(content)
    key.chmod(0o400)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="a small disk of its own needs root and mount")
def test_a_disk_without_space_loses_nothing(tmp_path: Path) -> None:
    """On a disk of 24 MB the store fills up, says so, and keeps what it acknowledged."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        with child("fill", tmp_path / "data", 2**40) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            fill_up(tmp_path / "ballast", process)
            out, _ = process.communicate(timeout=120)
        lines += out.splitlines()
        confirmed, refused = [int(line) for line in lines[:-1]], json.loads(lines[-1])
        assert refused["code"] == "store-unavailable"
        assert "space" in refused["message"] + refused["hint"]
        assert "learner-" not in str(refused)
        saved = tmp_path.parent / "saved"
        shutil.copytree(tmp_path / "data", saved, symlinks=True)
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    there = stored(saved)
    assert set(there.values()) == {1}
    assert ids(confirmed) <= set(there)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="a small disk of its own needs root and mount")
def test_once_there_is_space_again_it_goes_on(tmp_path: Path) -> None:
    """A running store whose disk was full stores again, by itself, as soon as something else was removed from it."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    ballast = tmp_path / "ballast"
    lines: list[str] = []
    try:
        with child("through", tmp_path / "data") as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if line.strip() == "0":
                    fill_up(ballast, process)
                elif line.startswith("{"):
                    ballast.unlink(missing_ok=True)
        there = stored(tmp_path / "data")
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)
    went_on(lines, there)


def fill_up(ballast: Path, process: subprocess.Popen[str]) -> None:
    """Leave room for some batches only; whoever writes there stands still meanwhile, or might fill it first."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    try:
        free = os.statvfs(ballast.parent)
        ballast.write_bytes(bytes(max(free.f_bavail * free.f_frsize - 1024 * 1024, 0)))
    finally:
        process.send_signal(signal.SIGCONT)


def test_a_running_store_that_may_not_write_for_a_while(tmp_path: Path) -> None:
    """While its folders may not be written it acknowledges what is safe in its journal; once they may, all of it finds its place by itself."""
    data = tmp_path / "data"
    with child("ingest", data, 0, prefix=WITHOUT_ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        confirmed = [int(process.stdout.readline()) for _ in range(3)]
        modes = {path: path.stat().st_mode for path in data.rglob("*") if path.is_dir() and not path.is_symlink()}
        try:
            for path in modes:
                path.chmod(0o500)
            confirmed += [int(process.stdout.readline()) for _ in range(10)]
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        confirmed += [int(process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGKILL)
        confirmed += [int(line) for line in process.communicate(timeout=30)[0].split("\n")[:-1]]
    there = stored(data)
    assert set(there.values()) == {1}
    assert ids(confirmed) <= set(there)


def went_on(lines: list[str], there: Counter[str]) -> None:
    """Fail unless a store that was in trouble said so, named nobody, went on, and lost and doubled nothing."""
    refused = [json.loads(line) for line in lines if line.startswith("{")]
    assert refused
    assert {each["code"] for each in refused} == {"store-unavailable"}
    assert all(each["hint"] for each in refused)
    assert "learner-" not in str(refused)
    assert lines[-1].strip().isdigit()
    assert set(there.values()) == {1}
    assert ids([int(line) for line in lines if line.strip().isdigit()]) <= set(there)


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file with its contents; the lock file's own bytes say nothing."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def test_the_batches_of_this_test_differ() -> None:
    """The corpus of these tests has as many ids as statements."""
    made = [statement["id"] for batch in range(3) for statement in batch_of(batch)]
    assert len(set(made)) == len(made)
