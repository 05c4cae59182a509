"""``lrs consent`` and ``lrs notice``: they work while another process holds the store, which heeds them in its next answer."""

from __future__ import annotations

import json
from pathlib import Path

import lrs
from tests.cli.calling import call
from tests.consent.conftest import NOTICE, seen, write_policy
from tests.store.conftest import World


def test_what_is_recorded_beside_an_open_store_counts_in_its_next_answer(tmp_path: Path) -> None:
    """A consent, its withdrawal, a restriction and its end; the text that was shown comes back byte for byte."""
    data, world, text = tmp_path / "data", World(), tmp_path / "notice.txt"
    write_policy(data)
    text.write_bytes(NOTICE.encode())
    agent = world.person("ana")["mbox"]
    with lrs.open(data) as store:
        registered = call("notice", "add", text, "--audience", "user", "--language", "fr", "--data", data)
        digest = registered.out.strip()
        assert call("notice", "show", digest, "--data", data).out == NOTICE
        assert digest in call("notice", "list", "--data", data).out
        given = call("consent", "give", agent, "research", "--notice", digest, "--data", data)
        assert (given.status, "given" in given.out) == (0, True)
        (identifier,) = store.ingest(world.statement())
        assert seen(store, world) == [str(identifier)]
        assert call("consent", "withdraw", agent, "research", "--data", data).status == 0
        assert seen(store, world) == []
        for command, expected in (("restrict", 0), ("lift", 1)):
            assert call("consent", command, agent, "--data", data).status == 0
            assert len(seen(store, world, "teaching")) == expected
        for command, expected in (("object", 0), ("retract", 1)):
            assert call("consent", command, agent, "teaching", "--data", data).status == 0
            assert len(seen(store, world, "teaching")) == expected
    shown = call("consent", "show", agent, "--data", data)
    assert "withdrawn" in shown.out
    assert "ana" not in shown.out
    told = json.loads(call("consent", "show", agent, "--json", "--data", data).out)
    assert [each["kind"] for each in told["history"]] == ["give", "withdraw", "restrict", "lift", "object", "retract"]
    assert call("consent", "give", agent, "research", "--notice", "0" * 64, "--data", data).status != 0


def test_the_receipt_proves_the_text(tmp_path: Path) -> None:
    """JSON-LD in both languages, with the text and its digest, and without the person."""
    data, world = tmp_path / "data", World()
    write_policy(data)
    with lrs.open(data) as store:
        notice = store.consent.notices.add(NOTICE, audience="user", language="fr").digest
        store.consent.give(world.person("ana"), "research", notice=notice, method="paper")
    printed = call("consent", "receipt", world.person("ana")["mbox"], "--data", data).out
    (record,) = json.loads(printed)["@graph"]
    assert record["@type"] == "dpv:ConsentRecord"
    assert record["dpv:hasConsentStatus"]["@id"] == "dpv:ConsentGiven"
    assert record["dpv:hasNotice"] == record["dpv:hasNotice"] | {"dct:identifier": f"sha256:{notice}", "dct:description": NOTICE}
    assert [each["@value"] for each in record["dpv:hasConsentStatus"]["skos:prefLabel"]] == ["consentement donné", "consent given"]
    assert record["dpv:hasDataController"][0]["dpv:hasName"] == "Institution"
    assert "ana" not in printed.replace("skos", "")


def test_many_are_taken_over_at_once(tmp_path: Path) -> None:
    """From a file, all or none; what is wrong in it is named by its line, and no value is printed."""
    data, world, file = tmp_path / "data", World(), tmp_path / "said.jsonl"
    write_policy(data)
    with lrs.open(data):
        pass
    lines = [{"agent": world.person(f"p{n}"), "kind": "restrict", "at": "2026-01-01T00:00:00Z", "method": "imported"} for n in range(50)]
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    assert "50 recorded" in call("consent", "import", file, "--data", data).err
    assert "restricted: yes" in call("consent", "show", world.person("p7")["mbox"], "--data", data).out
    file.write_text("\n".join(map(json.dumps, [*lines, lines[0] | {"kind": "adore"}])), "utf-8")
    refused = call("consent", "import", file, "--data", data)
    assert (refused.status != 0, "line 51" in refused.err, "adore" in refused.err) == (True, True, False)
