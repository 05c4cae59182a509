"""What apply takes off the disk, whatever stops it, and what it says of it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import attrs
import msgspec
import pytest

import lrs
from lrs.access import Handling
from lrs.privacy.receipts import facts_of
from lrs.retention.enforcement import Step
from tests.retention.world import DAY, Clock, ids, opened, person, policy, statement, vault, violations, warehouse

ESSAY = b"Canary essay of gone"
DIGEST = hashlib.sha256(ESSAY).hexdigest()
ATTACHED = [{"usageType": "https://u.example/1", "display": {}, "contentType": "text/plain", "length": len(ESSAY), "sha2": DIGEST}]
DIES = """
import sys
from pathlib import Path
from tests.retention.world import DAY, Clock, opened, policy
import os, signal
clock = Clock()
clock.now = int(sys.argv[2])
left = int(sys.argv[3])
def step(_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
with opened(Path(sys.argv[1]), policy(), clock) as store:
    store.retention.apply(on_step=step)
"""


def bytes_of(data: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file())


def fill(store: lrs.LRS) -> None:
    """Statements, a document and a content of somebody, and a statement of somebody else that stays."""
    more = {"attachments": ATTACHED, "id": "c0ffee00-0000-4000-8000-000000000001"}
    store.ingest([statement("gone", "taught", **more)], attachments={DIGEST: ESSAY})
    store.ingest([statement("stays", "proven")])
    store.documents.state("https://a.example/x", person("gone")).put("s", b"Canary state of gone", content_type="text/plain")


def test_what_has_ended_is_in_no_byte_of_the_data_directory(tmp_path: Path) -> None:
    """Not the activity, not the id, not the sealed text, key or identifier of whom nothing is left; others' statements are as they were."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        fill(store)
        kept = store.query(verb="https://v.example/proven").bodies
        ((packed,),) = warehouse(store, "SELECT base64Encode(sealed) FROM statements WHERE verb = 'https://v.example/taught'")
        texts = msgspec.msgpack.decode(base64.b64decode(packed), type=list[bytes])
        assert texts
        contents = [piece for (piece,) in warehouse(store, "SELECT base64Encode(sealed) FROM attachments")]
        sid = "SELECT sid FROM document"
        secrets = vault(store, f"SELECT wrapped, key_check FROM subject WHERE sid IN ({sid})")
        secrets += vault(store, f"SELECT sealed, fingerprint FROM variant WHERE sid IN ({sid})")
        secrets += vault(store, "SELECT blind_index, content FROM identifier JOIN document USING (sid)")
        assert b"https://a.example/gone" in bytes_of(tmp_path)
        assert all(secret in bytes_of(tmp_path) for pair in secrets for secret in pair)
        clock.pass_days(701)
        done = store.retention.apply()
        assert done.complete
        assert {name: number for name, number in done.counts.items() if name != "audit segment"} == {
            "identity": 1,
            "attachment": 1,
            "statement": 1,
            "document": 1,
            "person": 1,
        }
        left = bytes_of(tmp_path)
        assert store.query(verb="https://v.example/proven", purpose="proof").bodies == kept
    wanted = [b"https://a.example/gone", b"c0ffee00", *(base64.b64decode(piece) for piece in contents)]
    assert not [each for each in [*wanted, *texts, *(secret for pair in secrets for secret in pair)] if each in left]


def test_what_kills_it_only_stops_it(tmp_path: Path) -> None:
    """After kill -9 between any two steps the next run goes on, and nothing that is past its limit is left."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        fill(store)
    clock.pass_days(2000)
    for steps in range(4):
        arguments = [sys.executable, "-c", DIES, str(tmp_path), str(clock.now), str(steps)]
        died = subprocess.run(arguments, capture_output=True, timeout=120, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
        assert died.returncode in (0, -signal.SIGKILL), died.stderr.decode()
    with opened(tmp_path, policy(), clock) as store:
        assert store.retention.apply().complete
        assert violations(store, tmp_path, clock) == []
        assert warehouse(store, "SELECT count() FROM statements") == [(0,)]


def test_it_stops_in_time_and_goes_on(tmp_path: Path) -> None:
    """Told to begin nothing more after no time at all, it does a step a run and says that more is left."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        fill(store)
        clock.pass_days(2000)
        runs = [store.retention.apply(seconds=0, settle=False)]
        while not runs[-1].complete:
            assert "doit être reprise" in runs[-1].certificate
            runs.append(store.retention.apply(seconds=0, settle=False))
        assert len(runs) > 3
        assert violations(store, tmp_path, clock) == []


def test_the_certificate_says_what_was_done(tmp_path: Path) -> None:
    """In French and in English, signed, with the numbers, the digest of the policy, and nobody's name; the audit trail has each step."""
    clock, steps = Clock(), []
    with opened(tmp_path, policy(), clock) as store:
        fill(store)
        clock.pass_days(701)
        done = store.retention.apply(settle=False, on_step=steps.append)
        facts = facts_of(done.certificate, store._keyring.signer.key)
        assert facts["counts"]["statement"] == 1
        assert facts["policy"] == store._policies.of("default").policy.digest
        for sentence in ("- traces supprimées : 1", "- statements deleted: 1", "- personnes oubliées (clés, identifiants et noms) : 1"):
            assert sentence in done.certificate
        assert "anary" not in done.certificate
        with pytest.raises(lrs.LRSError):
            facts_of(done.certificate.replace('"statement":1', '"statement":2'), store._keyring.signer.key)
        assert Step("statement", 1) in steps
    trail = b"".join(path.read_bytes() for path in (tmp_path / "audit").rglob("*.jsonl"))
    assert trail.count(b'"action":"apply retention"') == len(steps)


def test_the_plan_says_what_ends_when(tmp_path: Path) -> None:
    """By purpose and month, what has ended and is there still; planning changes nothing."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        fill(store)
        planned = {(each.what, each.purpose): (each.number, each.ended) for each in store.retention.plan()}
        assert planned["statement", "proof"] == (1, 0)
        assert planned["document", ""] == (1, 0)
        clock.pass_days(701)
        before = warehouse(store, "SELECT * FROM statements ORDER BY id")
        planned = {(each.what, each.purpose, each.number): each.ended for each in store.retention.plan()}
        assert planned["identity", "teaching", 1] in (0, 1)
        assert sum(each.ended for each in store.retention.plan() if each.what == "statement") == 1
        assert warehouse(store, "SELECT * FROM statements ORDER BY id") == before


def test_what_has_ended_no_read_shows(tmp_path: Path) -> None:
    """The moment a limit passes, before anything is deleted: statements, people, documents, contents, definitions, exports."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        definition = {"name": {"en": "A course"}, "extensions": {"https://x.example/unknown": "canary text"}}
        (identifier,) = store.ingest([statement("ana", "taught", object={"id": "https://a.example/d", "definition": definition})])
        shelf = store.documents.state("https://a.example/x", person("ana"))
        shelf.put("s", {"a": 1})
        assert "canary text" in str(store.activity("https://a.example/d"))
        clock.pass_days(201)
        assert shelf.listing().ids == []
        with pytest.raises(lrs.NotFound):
            shelf.get("s")
        shelf.put("s", {"b": 2}, if_none_match="*")
        assert shelf.post("s", {"c": 3}).content in (b'{"b":2,"c":3}', b'{"b": 2, "c": 3}')
        clock.pass_days(100)
        assert ids(store, agent=person("ana")) == set()
        assert ids(store) == {identifier}
        assert "anary" not in str(store.query().statements) + str(store.activity("https://a.example/d")["definition"].get("extensions"))
        clock.pass_days(400)
        assert ids(store) == set()
        assert [body for page in store.export() for body in page.bodies] == []


def test_a_voided_statement_does_not_come_back(tmp_path: Path) -> None:
    """The statement that voids another stays until that one is gone, even where its own end is earlier; then it goes."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        (voided,) = store.ingest([statement("ana", "proven")])
        void = {"id": "http://adlnet.gov/expapi/verbs/voided"}
        target = {"objectType": "StatementRef", "id": str(voided)}
        store.ingest([{"actor": person("bob"), "verb": void, "object": target, "timestamp": clock.iso(-500)}])
        clock.pass_days(300)
        store.retention.apply(settle=False)
        assert warehouse(store, "SELECT count() FROM statements") == [(2,)]
        assert ids(store, purpose="proof") == set()
        clock.pass_days(1300)
        store.retention.apply(settle=False)
        assert warehouse(store, "SELECT count() FROM statements") == [(0,)]


def test_what_kills_it_in_the_midst_of_a_step_only_stops_it(tmp_path: Path) -> None:
    """Killed while the engine rewrites its parts or the vault deletes, it leaves nothing half done that the next run does not finish."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        fill(store)
    clock.pass_days(2000)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    for seconds in (1.0, 1.6, 2.5):
        run = subprocess.Popen(
            [sys.executable, "-c", DIES, str(tmp_path), str(clock.now), "99"], env=environment, stderr=subprocess.DEVNULL
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(seconds)
        run.kill()
        run.wait()
    with opened(tmp_path, policy(), clock) as store:
        assert store.retention.apply().complete
        assert violations(store, tmp_path, clock) == []
        assert warehouse(store, "SELECT count() FROM statements") == [(0,)]


def test_who_writes_meanwhile_loses_nothing(tmp_path: Path) -> None:
    """Statements that come while it runs are all there, with their people, those too of whom nothing had been left."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        store.ingest([statement(f"p{n}") for n in range(20)])
        clock.pass_days(800)
        with ThreadPoolExecutor(1) as beside:
            running = beside.submit(store.retention.apply, settle=False)
            for n in range(200):
                store.ingest([statement(f"p{n % 20}")])
            running.result()
        assert len(ids(store)) == 200
        assert {each["actor"]["mbox"] for each in store.query().statements} == {f"mailto:p{n}@canary.example" for n in range(20)}


def test_what_has_ended_is_forwarded_to_nobody(tmp_path: Path) -> None:
    """Not even to a target that has been given nothing yet."""
    clock = Clock()
    (tmp_path / "forward.toml").write_text(
        '[targets.other]\nurl = "http://127.0.0.1:9/"\ntoken_variable = "NO_SUCH_TARGET"\nview = "identified"\nerasure = "void"\n', "utf-8"
    )
    with opened(tmp_path, policy(), clock) as store, pytest.MonkeyPatch.context() as patched:
        patched.setenv("NO_SUCH_TARGET", "token")
        fill(store)
        clock.pass_days(2000)
        (told,) = store.forwarding.run("other")
        assert (told.statements, told.error) == (0, None)


def test_a_shorter_limit_counts_for_what_is_stored_already(tmp_path: Path) -> None:
    """Reads hide it when the policy is in force, and apply takes it off the disk, contents too; a longer limit brings nothing back."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        fill(store)
    clock.pass_days(100)
    longer = policy().replace("identity_days = 300, statement_days = 700", "identity_days = 900, statement_days = 900")
    with opened(tmp_path, longer, clock) as store:
        assert store.retention.apply(settle=False).counts["aligned"] == 0
    shorter = policy().replace("identity_days = 300, statement_days = 700", "identity_days = 50, statement_days = 150")
    with opened(tmp_path, shorter, clock) as store:
        first = store.retention.apply(settle=False)
        assert (first.counts["aligned"], first.counts["identity"], first.counts["attachment"], first.counts["statement"]) == (1, 1, 1, 0)
        assert warehouse(store, "SELECT count() FROM attachments") == [(0,)]
        clock.pass_days(51)
        second = store.retention.apply(settle=False)
        assert (second.counts["aligned"], second.counts["statement"]) == (0, 1)
        assert warehouse(store, "SELECT verb FROM statements") == [("https://v.example/proven",)]


def test_each_tenant_ends_by_its_own_policy(tmp_path: Path) -> None:
    """What another tenant has, ended or not, is left alone; planned, approved and certified apart."""
    clock = Clock()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "other.toml").write_text(policy("public_archive = true"), "utf-8")
    with opened(tmp_path, policy(), clock) as store:
        store.credentials.add("lms", tenant="other")
        theirs = attrs.evolve(store.owner, tenant="other")
        store.ingest([statement("ana"), statement("bob")])
        store.ingest([statement("ana")], principal=theirs)
        clock.pass_days(701)
        assert sum(each.ended for each in store.retention.plan(tenant="other") if each.what == "statement") == 1
        assert store.retention.apply(settle=False).counts["statement"] == 2
        assert warehouse(store, "SELECT tenant FROM statements") == [("other",)]
        store.retention.approve("visa 1")
        waiting = store.retention.apply(tenant="other", settle=False)
        assert (waiting.counts["waiting for approval"], waiting.counts["person"]) == (1, 2)
        store.retention.approve("visa 1", tenant="other")
        done = store.retention.apply(tenant="other", settle=False)
        assert (done.counts["eliminated"], done.waiting) == (1, 0)
        assert facts_of(done.certificate, store._keyring.signer.key)["tenant"] == "other"


def test_the_quarantine_ends_when_its_days_are_up(tmp_path: Path) -> None:
    """Not before; the certificate says how many entries went, and no byte of them is left."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        row, _, _ = store.credentials.add("lms", scopes=["statements/write"], handling=Handling(quarantine_days=30))
        wrong = json.dumps(statement("ana", "taught") | {"result": {"success": "no"}}).encode()
        store.submit(wrong, principal=store.credentials.principal(row.id), version="1.0.3").result()
        sealed = store._vault.quarantined_content("default", store.quarantine.entries("default")[0].key, now=0).sealed
        clock.now += 29 * DAY
        store.retention.apply()
        assert len(store.quarantine.entries("default")) == 1
        clock.now += 2 * DAY
        done = store.retention.apply()
        assert store._vault.quarantined("default", now=0) == []
    assert "quarantine" in str(done)
    assert sealed not in bytes_of(tmp_path)


def test_what_is_past_a_limit_may_be_sent_again(tmp_path: Path) -> None:
    """Whom it named is gone, so nobody can tell whether it is the same: it is not stored once more, and what comes with it is."""
    clock = Clock()
    with opened(tmp_path, policy(), clock) as store:
        old = statement("ana", timestamp=clock.iso(-310)) | {"id": str(uuid4())}
        store.ingest([old])
        assert warehouse(store, "SELECT fingerprint FROM statements") == [(0,)]
        assert store.ingest([old]) == [UUID(old["id"])]
        store.ingest([old, statement("bob")])
        assert warehouse(store, "SELECT count() FROM statements") == [(2,)]
