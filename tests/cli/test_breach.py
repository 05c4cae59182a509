"""``lrs breach``: simulated leaks, whose numbers are known (BRE-1, BRE-2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import lrs
from lrs.access import View
from tests.audit.test_actions import POLICY
from tests.cli.calling import Done, call

SEEN = {f"mailto:zoe-{n}@example.fr" for n in (1, 2)}


@pytest.fixture
def leaky(data: Path, course: list[dict[str, object]]) -> Path:
    """A store of seven people in which one credential saw two of them by name, another three under pseudonyms."""
    with lrs.open(data) as store:
        store.ingest(course)
        for name, view in (("teacher", View.IDENTIFIED), ("dashboard", View.PSEUDONYMOUS)):
            store.credentials.add(name, username=name, password="secret", scopes=["all/read"], view=view)
        teacher, dashboard = (store.authenticate(name, "secret") for name in ("teacher", "dashboard"))
        for mailbox in SEEN:
            store.query(agent={"mbox": mailbox}, principal=teacher)
        store.query(limit=3, principal=dashboard)
    return data


def assess(data: Path, *options: object) -> Done:
    done = call("breach", "assess", "--data", data, *options)
    assert done.status == 0, done.err
    return done


def facts(data: Path, *options: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(assess(data, "--format", "json", *options).out)
    return found


def test_a_stolen_warehouse_is_unintelligible(leaky: Path, course: list[dict[str, object]]) -> None:
    """All statements and people are counted (the authority is a subject too); nothing that names anybody can be read: 34(3)(a) may apply."""
    found = facts(leaky, "--asset", "warehouse")
    assert (found["statements"], found["people"], found["candidate_34_3_a"]) == (len(course), 8, True)
    assert found["levels"] == {"activity": "pseudonymous", "content": "unintelligible", "rights": "pseudonymous"}
    past = facts(leaky, "--asset", "warehouse", "--to", "2020-01-01")
    assert past["statements"] == 0


def test_vault_and_keyring_are_clear(leaky: Path) -> None:
    """Apart they are not."""
    both = facts(leaky, "--asset", "vault", "--asset", "keyring")
    assert (both["levels"]["identity"], both["candidate_34_3_a"], both["people"]) == ("clear", False, 8)
    assert facts(leaky, "--asset", "vault")["candidate_34_3_a"] is True
    assert facts(leaky, "--asset", "keyring")["levels"] == {}


def test_a_credential_exposed_whom_it_saw(leaky: Path, course: list[dict[str, object]]) -> None:
    """In the period, by its view; who they are is written on demand, into a file for its owner, and the trail says so."""
    mine = [each for each in course if each["actor"]["mbox"] in SEEN]
    found = facts(leaky, "--asset", "credential", "--credential", "teacher")
    assert (found["statements"], found["people"]) == (len(mine), 3)
    assert found["levels"] == {"activity": "clear", "content": "clear", "identity": "clear"}
    hidden = facts(leaky, "--asset", "credential", "--credential", "dashboard")
    assert (hidden["statements"], hidden["people"], hidden["levels"]) == (3, 4, {"activity": "pseudonymous"})
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert facts(leaky, "--asset", "credential", "--credential", "teacher", "--from", tomorrow)["people"] == 0
    people = leaky.parent / "people.jsonl"
    assess(leaky, "--asset", "credential", "--credential", "teacher", "--people", people)
    written = [json.loads(line) for line in people.read_text().splitlines()]
    assert {each["mbox"] for each in written if "mbox" in each} == SEEN
    assert people.stat().st_mode & 0o777 == 0o600
    shown = call("audit", "show", "--data", leaky, "--agent", "mailto:zoe-1@example.fr", "--action", "read persons").out
    assert "people=3" in shown


def test_what_limits_an_assessment_is_said(leaky: Path) -> None:
    """A trail that was altered or is too young, a credential that is not known, exports among other reads."""
    early = facts(leaky, "--asset", "credential", "--credential", "somebody")
    assert set(early["caveats"]) == {"trail-younger", "unknown-view"}
    assert "upper-bound" in facts(leaky, "--asset", "export")["caveats"]
    (segment,) = list((leaky / "audit").glob("*/*.jsonl"))[:1]
    segment.write_bytes(segment.read_bytes().replace(b"write statements", b"write nothing   ", 1))
    assert "trail-altered" in facts(leaky, "--asset", "credential", "--credential", "teacher")["caveats"]


def test_free_text_in_the_warehouse_is_no_candidate(leaky: Path) -> None:
    """A policy that keeps it readable takes the exception away."""
    (leaky / "policy.toml").write_text(f'{POLICY}[ingest]\nfree_text = "keep"\n', "utf-8")
    found = facts(leaky, "--asset", "warehouse")
    assert ("free-text" in found["caveats"], found["candidate_34_3_a"]) == (True, False)


def test_the_papers_say_it_in_both_languages(leaky: Path) -> None:
    """A receipt that verifies, a page whose human fields are left blank, a notice with the controller's 72 hours; nobody's name is in them."""
    receipt = leaky.parent / "receipt.txt"
    receipt.write_text(assess(leaky, "--asset", "backup").out, "utf-8")
    assert "people: 8" in call("receipt", "verify", receipt, "--data", leaky).out
    for language, blank, hours in (("fr", "À compléter", "72 heures"), ("en", "To be completed", "72 hours")):
        page = assess(leaky, "--asset", "backup", "--format", "html", "--language", language, "--aware", "2026-11-01T08:00:00").out
        assert page.count(f"<em>{blank}</em>") >= 3
        assert "2026-11-04T08:00:00" in page
        assert hours in assess(leaky, "--asset", "backup", "--format", "notice", "--language", language).out
        assert "zoe" not in page


def test_the_register_keeps_the_clock(leaky: Path) -> None:
    """Entered with its assessment, late after 72 hours, told, closed; the doctor says what is pending."""

    def levels() -> set[str]:
        lines = map(json.loads, call("doctor", "--json", "--data", leaky).out.splitlines())
        return {each["level"] for each in lines if each["subject"] == "breaches"}

    assessed = leaky.parent / "assessed.json"
    assessed.write_text(assess(leaky, "--asset", "warehouse", "--format", "json").out)
    assert levels() == {"ok"}
    assert call("breach", "add", "--assessment", assessed, "--reference", "V/1", "--data", leaky).status == 0
    assert levels() == {"warning"}
    long_ago = (datetime.now(UTC) - timedelta(hours=73)).strftime("%Y-%m-%dT%H:%M:%S")
    assert call("breach", "add", "--aware", long_ago, "--data", leaky).status == 0
    assert levels() == {"failure"}
    assert call("breach", "list", "--data", leaky).out.count("LATE") == 1
    assert call("breach", "close", 1, "--data", leaky).status == 1
    assert call("breach", "tell", 1, "authority", "--data", leaky).status == 0
    assert call("breach", "close", 1, "--data", leaky).status == 0
    assert call("breach", "close", 2, "--no-risk", "--data", leaky).status == 0
    assert levels() == {"ok"}
    first = json.loads(call("breach", "list", "--json", "--data", leaky).out.splitlines()[0])
    assert (first["facts"]["people"], first["outcome"]) == (8, "notified")


def test_it_works_while_a_store_is_open(leaky: Path) -> None:
    """What a credential saw is known at once; the statements of an embedded warehouse are not counted, and that is said."""
    with lrs.open(leaky):
        assert facts(leaky, "--asset", "credential", "--credential", "teacher")["people"] == 3
        found = facts(leaky, "--asset", "warehouse")
        assert (found["people"], found["statements"] in (None, 60)) == (8, True)
