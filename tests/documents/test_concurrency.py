"""Preconditions and races (xAPI 1.0.3 Communication 3.1; IEEE 9274.1.1 4.1.4; RFC 9110 13)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

import lrs
from lrs.documents import Documents, Shelf
from lrs.settings import Settings
from lrs.storage.vault import Vault
from tests.documents import room
from tests.documents.conftest import shelf_of

VERSIONS = ("1.0.3", "2.0.0")
OTHER = "0" * 40


@pytest.fixture(params=VERSIONS)
def versioned(request: pytest.FixtureRequest, kind: str, documents: Documents, activity: str, agent: dict[str, Any]) -> Shelf:
    """Give an empty shelf of each resource, under each version."""
    return shelf_of(documents, kind, activity, agent, version=request.param)


def test_a_wrong_if_match_changes_nothing(versioned: Shelf) -> None:
    """In PUT, POST and DELETE, in both versions and on states too; the right one lets them through."""
    first = versioned.post("x", {"a": 1})
    for attempt in (versioned.put, versioned.post):
        with pytest.raises(lrs.PreconditionFailed):
            attempt("x", {"b": 1}, if_match=f'"{OTHER}"')
    with pytest.raises(lrs.PreconditionFailed):
        versioned.delete("x", if_match=f'"{OTHER}"')
    assert versioned.get("x") == first
    second = versioned.put("x", {"b": 1}, if_match=f'"{first.etag}"')
    third = versioned.post("x", {"c": 1}, if_match=f'"{second.etag}"')
    versioned.delete("x", if_match=f'"{third.etag}"')
    assert versioned.listing().ids == []


def test_if_match_needs_a_document(versioned: Shelf) -> None:
    """There is none that it could match, not even for an asterisk; nothing is stored."""
    for required in (f'"{OTHER}"', "*"):
        for attempt in (versioned.put, versioned.post):
            with pytest.raises(lrs.PreconditionFailed):
                attempt("x", {}, if_match=required)
        with pytest.raises(lrs.PreconditionFailed):
            versioned.delete("x", if_match=required)
    assert versioned.listing().ids == []


def test_if_none_match_keeps_what_is_there(versioned: Shelf) -> None:
    """An asterisk lets a new document in, and nothing over one that is there; so does its tag."""
    first = versioned.put("x", {"a": 1}, if_none_match="*")
    for required in ("*", f'"{first.etag}"', f'W/"{first.etag}"', f'"{OTHER}", "{first.etag}"'):
        for attempt in (versioned.put, versioned.post):
            with pytest.raises(lrs.PreconditionFailed):
                attempt("x", {"b": 1}, if_none_match=required)
        with pytest.raises(lrs.PreconditionFailed):
            versioned.delete("x", if_none_match=required)
    assert versioned.get("x") == first
    versioned.put("x", {"b": 1}, if_none_match=f'"{OTHER}"')


def test_both_preconditions_count(versioned: Shelf) -> None:
    """One that holds does not excuse one that doesn't."""
    first = versioned.post("x", {"a": 1})
    with pytest.raises(lrs.PreconditionFailed):
        versioned.put("x", b"1", if_match=f'"{first.etag}"', if_none_match="*")
    with pytest.raises(lrs.PreconditionFailed):
        versioned.put("x", b"1", if_match=f'"{OTHER}"', if_none_match=f'"{OTHER}"')


@pytest.mark.parametrize(
    ("spell", "lets"),
    [
        (lambda tag: f'"{tag}"', True),
        (lambda tag: tag, True),
        (lambda tag: f'"{OTHER}","{tag}"', True),
        (lambda tag: f' "a,b" ,, "{tag}" ', True),
        (lambda tag: f"{OTHER}, {tag}", True),
        (lambda _: "*", True),
        (lambda _: " * ", True),
        (lambda tag: f'W/"{tag}"', False),
        (lambda tag: f'W/"{tag}", "{OTHER}"', False),
        (lambda tag: f'"{tag[:-1]}"', False),
        (lambda tag: f'"{tag},{OTHER}"', False),
        (lambda _: '""', False),
    ],
)
def test_if_match_is_read_as_http_has_it(spell: Callable[[str], str], shelf: Shelf, *, lets: bool) -> None:
    """Lists, weak tags (which match nothing here), tags without their quotes."""
    first = shelf.post("x", {"a": 1})
    if lets:
        shelf.put("x", b"1", if_match=spell(first.etag))
    else:
        with pytest.raises(lrs.PreconditionFailed):
            shelf.put("x", b"1", if_match=spell(first.etag))


@pytest.mark.parametrize("header", ["", " ", ",", '"', '"a', '"a" "b"', 'a"b"', "W/", '*, "a"x', "a b"])
def test_a_malformed_precondition_is_refused(header: str, shelf: Shelf) -> None:
    """It is no precondition, and must not be taken for none."""
    with pytest.raises((lrs.InvalidRequest, lrs.PreconditionFailed)):
        shelf.post("x", {}, if_match=header)
    assert shelf.listing().ids == []


# PUT with neither header


def test_a_put_without_precondition_replaces_no_profile(documents: Documents, activity: str, agent: dict[str, Any]) -> None:
    """Nor, under 2.0, a state: 409, a message that says what to do, the document as it was. Under 1.0.3 states are free."""
    for version in VERSIONS:
        for kind in ("state", "activity profile", "agent profile"):
            shelf = shelf_of(documents, kind, activity, agent, version=version)
            shelf.delete("x")
            first = shelf.post("x", {"a": 1})
            if (version, kind) == ("1.0.3", "state"):
                assert shelf.put("x", b"1").content == b"1"
                continue
            with pytest.raises(lrs.Conflict) as refused:
                shelf.put("x", b"1")
            assert "current state" in refused.value.hint
            assert "If-Match" in refused.value.hint
            assert refused.value.index is None
            assert shelf.get("x") == first


def test_a_put_without_precondition_adds_a_document(documents: Documents, activity: str, agent: dict[str, Any]) -> None:
    """Under 2.0, and a state under 1.0.3; a profile under 1.0.3 needs to say that it means a new one."""
    for version in VERSIONS:
        for kind in ("state", "activity profile", "agent profile"):
            shelf = shelf_of(documents, kind, activity, agent, version=version)
            if version == "1.0.3" and kind != "state":
                with pytest.raises(lrs.InvalidRequest) as refused:
                    shelf.put(version, b"1")
                assert "If-None-Match" in refused.value.hint
                assert version not in shelf.listing().ids
            else:
                assert shelf.put(version, b"1").content == b"1"


def test_post_and_delete_need_no_precondition(versioned: Shelf) -> None:
    """In either version."""
    versioned.post("x", {"a": 1})
    versioned.post("x", {"b": 1})
    versioned.delete("x")
    assert versioned.listing().ids == []


# Races


def at_once(count: int, act: Callable[[int], bool]) -> int:
    """Let so many threads act at the same moment; give the number of those who succeeded."""
    start = Barrier(count)

    def run(number: int) -> bool:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return sum(pool.map(run, range(count)))


def test_of_fifty_writers_one_wins(shelf: Shelf) -> None:
    """All have read the same document; the second to write is told."""
    first = shelf.post("x", {"a": 1})

    def write(number: int) -> bool:
        try:
            shelf.put("x", b"%d" % number, if_match=f'"{first.etag}"')
        except lrs.PreconditionFailed:
            return False
        return True

    assert at_once(50, write) == 1


def test_of_fifty_who_add_a_document_one_wins(shelf: Shelf) -> None:
    """There was nothing to lock when they began; nor was there the person, or the tenant's key."""

    def add(number: int) -> bool:
        try:
            shelf.put("x", b"%d" % number, if_none_match="*")
        except lrs.PreconditionFailed:
            return False
        return True

    assert at_once(50, add) == 1
    assert shelf.listing().ids == ["x"]


def test_fifty_merges_are_all_there(shelf: Shelf) -> None:
    """POST without a precondition loses nobody's property."""

    def merge(number: int) -> bool:
        shelf.post("x", {f"p{number}": number})
        return True

    assert at_once(50, merge) == 50
    import msgspec

    assert msgspec.json.decode(shelf.get("x").content) == {f"p{number}": number for number in range(50)}


def test_of_two_who_share_a_database_one_adds(documents: Documents, settings: Settings) -> None:
    """Where there is no row to lock yet, the later one is told as if it had come later: not by an error of the database."""
    activity = "https://lms.example.fr/added"
    other = Vault.open(settings)
    shelves = [documents.activity_profile(activity), room.documents(other, settings).activity_profile(activity)]
    try:
        for name in map(str, range(40)):

            def add(number: int, name: str = name) -> bool:
                try:
                    shelves[number % 2].put(name, b"%d" % number, if_none_match="*")
                except lrs.PreconditionFailed:
                    return False
                return True

            assert at_once(4, add) == 1
    finally:
        other.close()


def test_two_processes_never_both_win(documents: Documents, settings: Settings) -> None:
    """Each adds 1 to a counter 100 times by read and If-Match; together they count to 200, from nothing."""
    rounds = 100
    shelf = documents.state(room.ACTIVITY, room.AGENT)
    command = [sys.executable, "-m", "tests.documents.room", str(settings.data), settings.vault or "", str(rounds)]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        lost = [int(writer.communicate(timeout=120)[0]) for writer in writers]
    finally:
        for writer in writers:
            writer.kill()
    assert shelf.get("counter").content == b"%d" % (2 * rounds)
    assert sum(lost) > 0, "they never met, so nothing was shown"
