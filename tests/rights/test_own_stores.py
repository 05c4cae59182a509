"""Access and portability in stores that are opened anew: taking along, policies, time (DSR-1, DSR-3)."""

from __future__ import annotations

import html
import json
import time
from pathlib import Path
from uuid import uuid4

import lrs
from lrs.rights.access import words
from lrs.settings import load
from tests.policy.stores import POLICY
from tests.rights.conftest import statement
from tests.rights.planting import files, given, lines

ANA = {"name": "Ana Gil", "mbox": "mailto:ana@example.fr"}
BOB = {"name": "Bob Marsh", "mbox": "mailto:bob.marsh@example.fr"}


def test_what_is_taken_along_is_the_same_elsewhere(tmp_path: Path) -> None:
    """The person's own statements, taken into a fresh store, are what they were: the same where they name nobody else, with masks where they do."""
    zoe = {"name": "Zoé", "account": {"homePage": "https://lms.example.fr", "name": "zoe"}}
    own = [
        statement(
            zoe,
            result={"response": "été", "score": {"raw": 1.10, "scaled": 1e-1}, "duration": "PT1.5S"},
            timestamp="2026-11-01T10:00:00.5Z",
        ),
        statement(zoe, context={"instructor": BOB, "registration": str(uuid4())}),
        statement({"objectType": "Group", "name": "Equipe", "member": [BOB, zoe]}),
    ]
    path = tmp_path / "zoe.zip"
    with lrs.open(tmp_path / "data") as first:
        first.ingest([*own, statement(BOB, context={"instructor": zoe})])
        first.subjects.export(zoe, path)
        before = {each["id"]: each for each in first.query(agent=zoe).statements}
    with lrs.open(tmp_path / "other") as second:
        text = files(path)["portability/statements.jsonl"]
        assert [each.error for each in second.ingest_lines(text.splitlines())] == [None] * 3
        after = {each["id"]: each for each in second.query().statements}
    assert after.keys() == {each["id"] for each in lines(text)}
    for each in after.values():
        old = before[each["id"]]
        for copy in (each, old):
            copy.pop("authority"), copy.pop("stored")
    assert sum(after[each] == before[each] for each in after) == 1
    assert all(after[each["id"]] == each for each in lines(text))
    assert {each["actor"].get("account", {}).get("name") for each in after.values()} == {"zoe", None}


def test_only_what_rests_on_consent_or_a_contract_is_taken_along(tmp_path: Path) -> None:
    """Statements that serve a public task alone are given, and are not in what art. 20 is about."""
    data = tmp_path / "data"
    data.mkdir()
    policy = POLICY.replace("UNASSIGNED", "agreed") + (
        '\n[[purposes]]\nid = "agreed"\ntitle = { fr = "C", en = "C" }\nlegal_basis = "consent"\naudiences = ["user"]\n'
    )
    (data / "policy.toml").write_text(policy, "utf-8")
    served = statement(ANA, verb={"id": "https://v.example/served"})
    with lrs.open(data) as store:
        ids = [str(each) for each in store.ingest([served, statement(ANA)])]
        found = given(store, ANA, tmp_path)
    assert [each["id"] for each in lines(found["statements.jsonl"])] == ids
    assert [each["id"] for each in lines(found["portability/statements.jsonl"])] == ids[1:]
    assert [each["id"] for each in json.loads(found["processing.json"])["purposes"]] == ["teaching", "proof", "agreed"]
    assert json.loads(found["recipients.json"])["parties"][0]["name"] == "Institution"
    assert "une mission d&#x27;intérêt public) : votre identité 10 jours" in found["README.fr.html"].decode()


def test_statements_whose_identity_is_over_are_not_connected(tmp_path: Path) -> None:
    """Past its period of identity a statement is nobody's: it is not given, and the page says so."""
    clock = [time.time_ns() // 1000]
    data = tmp_path / "data"
    data.mkdir()
    (data / "policy.toml").write_text(POLICY.replace("UNASSIGNED", "teaching"), "utf-8")
    with lrs.LRS(load(data), clock=lambda: clock[0]) as store:
        store.ingest(statement(ANA))
        clock[0] += 5 * 86_400_000_000
        late = str(store.ingest(statement(ANA))[0])
        clock[0] += 6 * 86_400_000_000
        found = given(store, ANA, tmp_path)
    assert [each["id"] for each in lines(found["statements.jsonl"])] == [late]
    assert words.LIMIT_TEXTS["past"].fr in html.unescape(found["README.fr.html"].decode())
