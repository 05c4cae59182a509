"""The trail: what is written, when it is durable, and how it is taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from lrs.crypto.keyring import Keyring
from lrs.crypto.providers import open_keyring
from lrs.errors import StoreUnavailable, TamperedData
from lrs.privacy.audit import Audit, Event, entry
from lrs.privacy.audit.chain import chains, checkpoints, segments
from lrs.privacy.audit.verify import Report, entries, verify
from lrs.settings import Settings
from tests.audit.conftest import Clock

Opened = Callable[[], Audit]


def reports(settings: Settings, keyring: Keyring) -> list[Report]:
    return verify(settings.data / "audit", keyring.signer.key)


def actions(settings: Settings) -> list[str]:
    return [each.action for _, each in entries(settings.data / "audit")]


def test_an_entry_is_durable_on_return(settings: Settings, audit: Opened) -> None:
    """It is in the file before anyone is told, and says all that it was given."""
    trail = audit()
    trail.record(Event(action="read", tenant="default", credential="c", counts={"statements": 2}, request="r", sids=[1, 2**64 - 1]))
    (_, first), (_, second) = entries(settings.data / "audit")
    assert (first.action, first.seq, second.seq) == ("open the trail", 0, 1)
    assert (second.action, second.tenant, second.credential, second.counts, second.request) == (
        "read",
        "default",
        "c",
        {"statements": 2},
        "r",
    )
    assert (second.purpose, second.policy, second.outcome) == ("", "", "done")
    trail.close()


def test_members_are_sorted(settings: Settings, audit: Opened) -> None:
    """The JSON of an entry has its members in alphabetical order, the chain hash last, and is one line."""
    trail = audit()
    trail.record(Event(action="a\nb", counts={"n": 1}))
    trail.close()
    (path,) = segments(chains(settings.data / "audit")[0])
    for line in path.read_bytes().splitlines()[1:]:
        names = list(msgspec.json.decode(line))
        assert names[:-1] == sorted(names[:-1])
        assert names[-1] == "chain"


def test_people_are_sealed(settings: Settings, audit: Opened, keyring: Keyring) -> None:
    """Numbers of people, and whom a bearer's credential names, open with the tenant's key in their place alone."""
    trail = audit()
    for _ in range(2):
        trail.record(Event(action="read", tenant="lyon", credential="bearer:0123456789abcdef", sids=[7, 2**63]))
    trail.close()
    one, two = [each for _, each in entries(settings.data / "audit") if each.action == "read"]
    assert entry.opened(one, keyring.tenant("lyon").trail) == ("bearer:0123456789abcdef", [7, 2**63])
    assert "0123456789abcdef" not in (settings.data / "audit").joinpath(chains(settings.data / "audit")[0], "checkpoints").read_text()
    raw = b"".join(path.read_bytes() for path in segments(chains(settings.data / "audit")[0]))
    assert b"0123456789abcdef" not in raw
    assert one.credential != two.credential
    one.subjects = two.subjects
    for wrong in (keyring.tenant("lyon").trail, keyring.tenant("default").trail):
        with pytest.raises(TamperedData):
            entry.opened(one, wrong)


def test_a_closed_trail_is_signed_to_its_end(settings: Settings, audit: Opened, keyring: Keyring) -> None:
    """Opened again it goes on in the same chain."""
    for _ in range(3):
        trail = audit()
        trail.record(Event(action="x"))
        trail.close()
        trail.close()
    (report,) = reports(settings, keyring)
    assert (report.problems, report.entries, report.signed, report.checkpoints, report.torn) == ([], 9, 9, 3, False)
    with pytest.raises(StoreUnavailable):
        trail.record(Event(action="too late"))


def test_processes_have_chains_of_their_own_and_vouch_for_each_other(settings: Settings, audit: Opened, keyring: Keyring) -> None:
    """Two at once have two; each says where the other one stood; who comes later takes up the first that is free."""
    one, two = audit(), audit()
    one.record(Event(action="x"))
    two.record(Event(action="y"))
    one.checkpoint()
    two.close()
    one.close()
    three = audit()
    three.record(Event(action="z"))
    three.close()
    found = reports(settings, keyring)
    assert len(found) == 2
    assert [report.problems for report in found] == [[], []]
    assert actions(settings).count("join") >= 2


def test_many_threads_share_their_fsync(settings: Settings, audit: Opened, keyring: Keyring) -> None:
    """Every entry is there once, whoever wrote it."""
    trail = audit()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: trail.record(Event(action="t", counts={"n": n})), range(400)))
    pending = [trail.put(Event(action="t", counts={"n": n})) for n in range(400, 500)]
    for each in pending:
        trail.wait(each)
    trail.close()
    numbers = sorted(each.counts["n"] for _, each in entries(settings.data / "audit") if each.action == "t")
    assert numbers == list(range(500))
    assert [report.problems for report in reports(settings, keyring)] == [[]]


def test_what_nobody_waits_for_is_written_soon(settings: Settings, audit: Opened) -> None:
    """Within a second, without anyone's help."""
    trail = audit()
    trail.put(Event(action="refused"))
    until = time.monotonic() + 30
    while "refused" not in actions(settings) and time.monotonic() < until:
        time.sleep(0.01)
    assert "refused" in actions(settings)
    trail.close()


def test_months_have_segments_and_old_ones_go(settings: Settings, audit: Opened, keyring: Keyring, clock: Clock) -> None:
    """Past their time segments go with an entry that says so, and the rest still verifies; one that goes without is missed."""
    for _ in range(16):
        trail = audit()
        trail.record(Event(action="x"))
        trail.close()
        clock.days(31)
    (folder,) = chains(settings.data / "audit")
    kept = segments(folder)
    assert 12 <= len(kept) <= 14
    (report,) = reports(settings, keyring)
    assert (report.problems, report.first > 0) == ([], True)
    kept[0].unlink()
    assert "no entry says" in reports(settings, keyring)[0].problems[0].what


def test_chains_that_nobody_holds_are_let_go_of_too(settings: Settings, audit: Opened, keyring: Keyring, clock: Clock) -> None:
    """Whoever opens the trail years later sees to the chain of a process that never came again."""
    one, two = audit(), audit()
    one.record(Event(action="x"))
    two.record(Event(action="of long ago"))
    two.close()
    one.close()
    assert "of long ago" in actions(settings)
    clock.days(800)
    later = audit()
    later.record(Event(action="y"))
    later.close()
    assert "of long ago" not in actions(settings)
    assert actions(settings).count("prune the trail") == 2
    assert [report.problems for report in reports(settings, keyring)] == [[], []]


def test_a_full_segment_is_followed_by_another(
    settings: Settings, audit: Opened, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same month too, so that taking a chain up stays quick."""
    monkeypatch.setattr("lrs.privacy.audit.chain._SEGMENT_ENTRIES", 10)
    trail = audit()
    for _ in range(45):
        trail.record(Event(action="x"))
    trail.close()
    assert len(segments(chains(settings.data / "audit")[0])) == 5
    assert reports(settings, keyring)[0].problems == []


def test_checkpoints_go_to_a_second_place(settings: Settings, keyring: Keyring, clock: Clock, tmp_path: Path) -> None:
    """Each one, into a file of its chain."""
    away = tmp_path / "away"
    away.mkdir()
    trail = Audit(Settings(data=tmp_path, audit_checkpoints=away), signer=lambda: keyring.signer, keys=keyring.tenant, clock=clock)
    trail.record(Event(action="x"))
    note = trail.checkpoint()
    trail.close()
    (file,) = away.iterdir()
    assert file.read_text().startswith(note)
    assert file.read_text().count("\N{EM DASH}") == 2


def test_a_disk_that_is_full_refuses_and_recovers(
    settings: Settings, audit: Opened, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits is told, nothing half written stays, and later entries go on where the chain stood."""
    trail = audit()
    trail.record(Event(action="before"))
    whole = os.write

    def short(descriptor: int, text: bytes) -> int:
        whole(descriptor, bytes(text)[:7])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", short)
        with pytest.raises(StoreUnavailable, match="No space"):
            trail.record(Event(action="lost"))
    trail.record(Event(action="after"))
    trail.close()
    assert actions(settings) == ["open the trail", "before", "after", "close the trail"]
    assert reports(settings, keyring)[0].problems == []


def test_killing_the_writer_leaves_a_chain_that_verifies(tmp_path: Path) -> None:
    """After ``kill -9`` every acknowledged entry is there, and the next process takes the chain up and says what it dropped."""
    settings = Settings(data=tmp_path)
    keyring = open_keyring(settings, create=True)
    confirmed = 0
    for pause in (0.05, 0.1, 0.2, 0.3):
        with subprocess.Popen([sys.executable, "-m", "tests.audit.writing", str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            confirmed += len(process.stdout.read().split("\n")[:-1]) + 1
        assert [report.problems for report in reports(settings, keyring)] == [[]]
    assert actions(settings).count("x") >= confirmed > 4


def test_a_torn_last_line_is_healed_and_noted(settings: Settings, audit: Opened, keyring: Keyring) -> None:
    """A crash of the machine can cut a line: it is not taken for tampering, and dropped with an entry that says so."""
    trail = audit()
    trail.record(Event(action="x"))
    (folder,) = chains(settings.data / "audit")
    with segments(folder)[0].open("ab") as file:
        file.write(b'{"action":"half')
    assert trail._chain is not None
    lock, trail._chain = trail._chain._lock, None  # as after a crash: nothing is closed, and the lock is gone
    os.close(lock)
    (report,) = reports(settings, keyring)
    assert (report.problems, report.torn) == ([], True)
    again = audit()
    again.record(Event(action="y"))
    again.close()
    trail.close()
    (report,) = reports(settings, keyring)
    assert (report.problems, report.torn) == ([], False)
    assert actions(settings) == ["open the trail", "x", "open the trail", "drop a torn line", "y", "close the trail"]
    assert checkpoints(folder)
