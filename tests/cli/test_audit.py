"""``lrs audit``: what a data protection officer sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lrs
from lrs.access import Principal, Scope, View, software_authority
from tests.cli.calling import call


@pytest.fixture
def used(data: Path, course: list[dict[str, object]]) -> Path:
    """A store in which something happened: writing, reading of one person and of all, a refusal."""
    with lrs.open(data) as store:
        store.ingest(course)
        store.query(agent={"mbox": "mailto:zoe-1@example.fr"})
        store.query(verb="http://verbs.example/played", limit=3)
        writer = Principal("default", "w", frozenset({Scope.STATEMENTS_WRITE}), View.IDENTIFIED, software_authority("https://x.fr", "w"))
        with pytest.raises(lrs.NotPermitted):
            store.query(principal=writer)
    return data


def shown(data: Path, *options: str) -> list[dict[str, object]]:
    done = call("audit", "show", "--json", "--data", data, *options)
    assert done.status == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_what_happened_is_shown(used: Path) -> None:
    """In order, filtered, and that it was looked at as well."""
    assert [each["action"] for each in shown(used)] == [
        "open the trail",
        "open the store",
        "write statements",
        "read statements",
        "read statements",
        "read statements",
        "close the trail",
    ]
    (refused,) = shown(used, "--outcome", "refused")
    assert (refused["credential"], refused["action"], refused["counts"]) == ("w", "read statements", {})
    assert [each["counts"]["statements"] for each in shown(used, "--action", "read statements", "--credential", "local")] == [9, 3]
    assert "show the trail" in [each["action"] for each in shown(used)]
    assert shown(used, "--since", "2999-01-01") == []
    assert "write statements" in call("audit", "show", "--data", used, "--limit", "50").out


def test_who_saw_somebody(used: Path) -> None:
    """The reads in which a person was shown, found by their address; nobody's name is in the files."""
    seen = shown(used, "--agent", "mailto:zoe-1@example.fr")
    assert next(each["counts"] for each in seen if each["action"] == "read statements")["statements"] == 9
    assert shown(used, "--agent", '{"mbox": "mailto:nobody@example.fr"}') == []
    for path in (used / "audit").rglob("*"):
        assert path.is_dir() or b"zoe" not in path.read_bytes().lower()


def test_verifying_and_tampering(used: Path, tmp_path: Path) -> None:
    """A whole trail verifies, against a note that left too; an altered one does not, and nothing is signed over it."""
    away = tmp_path / "away.txt"
    signed = call("audit", "checkpoint", "--out", away, "--data", used)
    assert signed.status == 0, signed.err
    key = signed.err.split("public key: ")[1].strip()
    for options in ((), ("--checkpoint", str(away)), ("--key", key)):
        done = call("audit", "verify", "--data", used, *options)
        assert (done.status, "verified" in done.out) == (0, True), done.out
    (segment,) = (used / "audit").rglob("*.jsonl")
    text = segment.read_bytes()
    segment.write_bytes(text.replace(b'"statements":9', b'"statements":8'))
    done = call("audit", "verify", "--data", used)
    assert (done.status, "from entry 3: this entry was altered" in done.out) == (1, True)
    report = json.loads(call("audit", "verify", "--json", "--data", used).out)
    assert (report["ok"], report["problems"][0]["seq"]) == (False, 3)
    assert call("audit", "checkpoint", "--data", used).status == 1


def test_wrong_calls_are_refused(used: Path, data: Path) -> None:
    """A key that is none, a store without keys, a trail that is not there yet."""
    assert call("audit", "verify", "--key", "nonsense", "--data", used).status == 2
    assert call("audit", "verify", "--data", data / "none").status == 1


def test_that_the_trail_only_grew_is_proved(used: Path, tmp_path: Path) -> None:
    """To somebody who has a checkpoint of before and the public key; not when an entry was changed, nor from a checkpoint that has no proof."""
    before, after, proof = tmp_path / "before.txt", tmp_path / "after.txt", tmp_path / "proof.txt"
    key = call("audit", "checkpoint", "--out", before, "--data", used).err.split("public key: ")[1].strip()
    lrs.open(used).close()
    assert call("audit", "prove", "--from", before, "--out", proof, "--data", used).status == 0
    done = call("audit", "check-proof", proof, "--from", before, "--key", key, "--data", tmp_path / "nowhere")
    assert (done.status, "are unchanged among" in done.out) == (0, True)
    assert call("audit", "checkpoint", "--out", after, "--data", used).status == 0
    assert call("audit", "prove", "--from", before, "--to", after, "--data", used).out.endswith(after.read_text())
    assert call("audit", "check-proof", proof, "--from", after, "--data", used).status == 1
    assert call("audit", "prove", "--from", after, "--to", before, "--data", used).status == 1
    lines = proof.read_text().splitlines(keepends=True)
    proof.write_text("".join([lines[0], lines[1].swapcase(), *lines[2:]]))
    assert call("audit", "check-proof", proof, "--from", before, "--data", used).status == 1
