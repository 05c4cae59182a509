"""What a person is given: everything that is kept of them, nothing of anybody else, and they can take it along (DSR-1, DSR-2, DSR-3)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import stat
from pathlib import Path
from uuid import uuid4

import pytest

import lrs
from lrs.access import Principal, Scope, View
from lrs.errors import ConfigurationError, NotFound, StoreUnavailable
from lrs.privacy.receipts import facts_of
from lrs.rights.access import words
from lrs.rights.access.tables import lines as written_lines
from lrs.xapi.attachments import SIGNATURE
from tests.promises.corpus import Corpus
from tests.promises.test_canary import found_in
from tests.rights.conftest import statement
from tests.rights.planting import KINDS, Planted, both, entry, files, given, lines, person
from tests.signing import signed

ANA = {"name": "Ana Gil", "mbox": "mailto:ana@example.fr"}
BOB = {"name": "Bob Marsh", "mbox": "mailto:bob.marsh@example.fr"}


def test_recall_and_precision_are_whole_over_identifiers_places_and_names(store: lrs.LRS, tmp_path: Path) -> None:
    """Every identifier type in every place, under names in any spelling, is found; no statement more, and no marker of anybody else is given."""
    corpus = Planted("access")
    expected = set()
    for version, planted in both(corpus):
        store.ingest([made for _, made in planted], version=version)
        expected |= {made["id"] for is_in, made in planted if is_in}
    for kind in KINDS:
        # As the authority too, alone and as the user of an application.
        user = person(kind)
        pair = {"objectType": "Group", "member": [{"account": {"homePage": "https://lms.example.fr", "name": "app"}}, user]}
        for authority in (user, pair):
            by = Principal("default", f"c-{uuid4()}", frozenset({Scope.ALL}), View.IDENTIFIED, json.dumps(authority).encode())
            expected |= {str(each) for each in store.ingest(corpus.base("mbox", "written for the person"), principal=by)}
    store.subjects.join(person("mbox"), person("openid"))
    store.subjects.join(person("openid"), person("account"))
    for kind in KINDS:
        found = given(store, person(kind), tmp_path)
        assert {each["id"] for each in lines(found["statements.jsonl"])} == expected, kind
        whole = b"".join(found.values()) + "".join(found).encode()
        leaked = found_in(whole, corpus.markers)
        assert not leaked, sorted(corpus.markers[marker] for marker in leaked)
    shown = json.dumps(lines(found["statements.jsonl"]), ensure_ascii=False)
    assert all(name in shown for name in corpus.spelled)
    assert len(expected) > 300
    told = store.subjects.show(person("account"))
    assert told["identifiers"] == dict.fromkeys(sorted(KINDS), 1)
    assert sum(told["statements"][name] for name in ("own", "named")) == len(expected)
    assert set(words.ROLES) - {place.removeprefix("sub ") for place in told["places"]} == set()


def test_one_identifier_is_no_other(store: lrs.LRS, tmp_path: Path) -> None:
    """Nothing of an identifier that nobody joined is given, not of a mailbox that differs in case alone either, which is hinted at."""
    one, other = {"mbox": "mailto:Nil.Ok@example.fr"}, {"mbox": "mailto:nil.ok@example.fr"}
    ids = [str(each) for each in store.ingest([statement(one), statement(other)])]
    assert [each["id"] for each in lines(given(store, one, tmp_path)["statements.jsonl"])] == ids[:1]
    assert store.subjects.show(one)["alike"] == [other["mbox"]]
    assert store.subjects.show({"mbox": "mailto:NIL.OK@example.fr"})["alike"] == sorted([one["mbox"], other["mbox"]])


def test_texts_of_ones_own_are_given_but_for_those_that_name_another(store: lrs.LRS, tmp_path: Path) -> None:
    """What the person wrote is there; what others wrote, what a group wrote, and a text that names another of its people is not."""
    me, you = {"name": "Ida Rey", "mbox": "mailto:ida@example.fr"}, BOB
    said = lambda text, actor, **more: statement(actor, result={"response": text}, **more)  # noqa: E731
    store.ingest(
        [
            said("CanariMine", me),
            said("CanariNaming bOB maRsh", me, context={"instructor": you}),
            said("CanariUnnaming", me, context={"instructor": you}),
            said("CanariTheirs", you, context={"instructor": me}),
            said("CanariOurs", {"objectType": "Group", "member": [me, you]}),
            said("CanariSole", {"objectType": "Group", "member": [me]}),
            said("CanariAbout Ida Rey", you, object=me | {"objectType": "Agent"}),
        ]
    )
    whole = b"".join(given(store, me, tmp_path).values())
    assert set(re.findall(rb"Canari[A-Z]\w+", whole)) == {b"CanariMine", b"CanariUnnaming", b"CanariSole"}
    assert not found_in(whole, ["bob marsh", "bob.marsh"])


def test_nothing_by_which_others_are_known_stands_in_their_statements(store: lrs.LRS, tmp_path: Path) -> None:
    """The registration of somebody else's statement and an id made from a name are replaced; one's own are as they were; a mask is the same all over a file."""
    me, you = {"mbox": "mailto:lea@example.fr"}, {"mbox": "mailto:tomcanari@example.fr"}
    mine, theirs, made = str(uuid4()), str(uuid4()), "6ba7b811-9dad-51d1-80b4-00c04fd430c8"
    store.ingest(
        [
            statement(me, context={"registration": mine}),
            statement(you, id=made, context={"registration": theirs, "instructor": me}),
            statement(you, object=me | {"objectType": "Agent"}),
        ]
    )
    found = given(store, me, tmp_path)
    whole = b"".join(found.values())
    assert mine.encode() in whole
    assert not found_in(whole, [theirs, made, "tomcanari"])
    masks = [each["actor"]["account"]["name"] for each in lines(found["statements.jsonl"])[1:]]
    assert len(set(masks)) == 1
    assert masks[0].encode() not in b"".join(given(store, me, tmp_path).values())


def test_documents_contents_and_credentials_are_given(store: lrs.LRS, tmp_path: Path) -> None:
    """States and profiles of every identifier, contents of attachments once each, credentials without secrets; signatures and what others attach are not."""
    me, alias, you = {"mbox": "mailto:eva@example.fr"}, {"openid": "https://id.example.fr/eva"}, BOB
    essay, theirs = b"CanariEssay " * 200_000, b"CanariTheirEssay"
    attach = lambda data, usage="https://u.example/e": {  # noqa: E731
        "usageType": usage,
        "display": {"en": "x"},
        "contentType": "application/octet-stream",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    }
    written = statement(me, context={"instructor": you})
    jws = signed(json.dumps(written).encode())
    for made, data in (
        (statement(me), essay),
        (statement(me), essay),
        (written, jws),
        (statement(you, context={"instructor": me}), theirs),
    ):
        usage = SIGNATURE if data is jws else "https://u.example/e"
        store.ingest(made | {"attachments": [attach(data, usage)]}, attachments={hashlib.sha256(data).hexdigest(): data})
    store.documents.state("https://lms.example.fr/s", me, registration=str(uuid4())).put("CanariState", {"x": "CanariContent"})
    store.documents.agent_profile(alias).put("CanariProfile", b"CanariBytes", content_type="text/plain", if_none_match="*")
    store.documents.agent_profile(you).put("CanariHisProfile", b"CanariHis", content_type="text/plain", if_none_match="*")
    store.credentials.take_over([entry("eva-tool", me), entry("bob-tool", you)])
    store.subjects.join(me, alias)
    found = given(store, alias, tmp_path)
    assert [name for name in found if name.startswith("attachments/")] == [f"attachments/{hashlib.sha256(essay).hexdigest()}"]
    assert found[f"attachments/{hashlib.sha256(essay).hexdigest()}"] == essay
    documents = {each["id"]: found[each["file"]] for each in json.loads(found["documents/index.json"])}
    assert documents == {"CanariState": b'{"x":"CanariContent"}', "CanariProfile": b"CanariBytes"}
    assert [each["username"] for each in json.loads(found["credentials.json"])] == ["eva-tool"]
    whole = b"".join(found.values())
    assert not found_in(whole, ["CanariTheirEssay", "CanariHis", "bob", "$argon2", "scrypt", "secret-of"])
    assert store.subjects.show(me)["documents"] == 2
    assert store.subjects.show(me)["attachments"] == 1


def test_what_somebody_asked_for_is_given(store: lrs.LRS, tmp_path: Path) -> None:
    """As the register has it; nobody else's requests."""
    me, you = {"mbox": "mailto:rita@example.fr"}, {"mbox": "mailto:rolf@example.fr"}
    for who in (me, you):
        store.ingest(statement(who))
        store.requests.add("access", agent=who, reference=f"DPD/{who['mbox'][7:11]}")
    found = given(store, me, tmp_path)
    assert [each["reference"] for each in json.loads(found["requests.json"])] == ["DPD/rita"]
    assert not found_in(b"".join(found.values()), ["DPD/rolf"])
    assert store.subjects.show(me)["requests"] == 1


def test_whoever_is_known_by_a_credential_alone_is_given_that(store: lrs.LRS, tmp_path: Path) -> None:
    """A credential that was never used stands for a person all the same; so does one that knows them by the SHA-1 of their mailbox."""
    mailbox = "mailto:only@example.fr"
    digest = {"mbox_sha1sum": hashlib.sha1(mailbox.encode(), usedforsecurity=False).hexdigest()}
    store.credentials.take_over([entry("only-tool", {"mbox": mailbox}), entry("digest-tool", digest)])
    for again in range(2):
        found = given(store, {"mbox": mailbox}, tmp_path)
        assert {each["username"] for each in json.loads(found["credentials.json"])} == {"only-tool", "digest-tool"}
        assert len(lines(found["statements.jsonl"])) == again
        store.ingest(statement({"mbox": mailbox}))


def test_voided_statements_are_given_and_not_taken_along(store: lrs.LRS, tmp_path: Path) -> None:
    """A voided statement is kept, so it is in the copy, marked; elsewhere it would come back to life."""
    me = {"mbox": "mailto:uma@example.fr"}
    target = str(store.ingest(statement(me))[0])
    voiding = statement(me, verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object={"objectType": "StatementRef", "id": target})
    store.ingest(voiding)
    found = given(store, me, tmp_path)
    table = list(csv.DictReader(io.StringIO(found["statements.csv"].decode())))
    assert [(each["id"] == target, each["voided"]) for each in table] == [(True, "true"), (False, "false")]
    assert target not in {each["id"] for each in lines(found["portability/statements.jsonl"])}


def test_who_looked_is_told_by_tool_and_purpose(store: lrs.LRS, tmp_path: Path) -> None:
    """Each access is a line with its time, action and the tool's name; of a credential that stands for a person, or a bearer, no name is given."""
    me = {"mbox": "mailto:ugo@example.fr"}
    store.ingest(statement(me))
    row, _, _ = store.credentials.add("Tableau de bord", scopes=["statements/read"])
    store.query(agent=me, principal=store.credentials.principal(row.id))
    (teacher,) = store.credentials.take_over([entry("CanariTeacher", BOB)])
    store.query(agent=me, principal=store.credentials.principal(teacher.id))
    bearer = Principal("default", "bearer:CanariSubject", frozenset({Scope.ALL}), View.IDENTIFIED, json.dumps(BOB).encode())
    store.query(agent=me, principal=bearer)
    store.query(agent=BOB)
    found = given(store, me, tmp_path)
    seen = [(each["action"], each["reader"]) for each in csv.DictReader(io.StringIO(found["access-log.csv"].decode()))]
    assert seen == [("read statements", reader) for reader in ("Tableau de bord", teacher.id, "bearer")]
    assert not found_in(b"".join(found.values()), ["CanariTeacher", "CanariSubject"])


def test_the_manifest_is_signed_and_covers_every_file(store: lrs.LRS, tmp_path: Path) -> None:
    """The hash of each file is in the manifest, that of the manifest in the receipt, which names nobody; what the call gives are its counts."""
    me = {"name": "Max Oh", "mbox": "mailto:max@example.fr"}
    store.ingest([statement(me), statement(me)])
    path = tmp_path / "max.zip"
    told = store.subjects.export(me, path)
    found = files(path)
    listed = {each["name"]: (each["sha256"], each["bytes"]) for each in json.loads(found["manifest.json"])["files"]}
    assert listed == {
        name: (hashlib.sha256(text).hexdigest(), len(text)) for name, text in found.items() if name not in ("manifest.json", "receipt.txt")
    }
    facts = facts_of(found["receipt.txt"].decode(), store._keyring.signer.key)
    assert facts["manifest"] == hashlib.sha256(found["manifest.json"]).hexdigest()
    assert facts["own"] == told["statements"]["own"] == 2
    assert not found_in(found["receipt.txt"], ["max"])


def test_the_file_is_for_its_owner_alone_and_whole_or_not_there(store: lrs.LRS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mode 0600 whatever the umask; nothing is written over; a run that fails leaves nothing, and the trail says that it failed."""
    me = {"mbox": "mailto:ivy@example.fr"}
    store.ingest(statement(me))
    path = tmp_path / "ivy.zip"
    store.subjects.export(me, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError):
        store.subjects.export(me, path)
    with pytest.raises(ConfigurationError):
        store.subjects.export(me, tmp_path / "missing" / "ivy.zip")

    def fail(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr("lrs.rights.access.export._documents", fail)
    with pytest.raises(StoreUnavailable):
        store.subjects.export(me, tmp_path / "second.zip")
    assert [each.name for each in tmp_path.iterdir()] == ["ivy.zip"]


def test_nobody_has_no_file(store: lrs.LRS, tmp_path: Path) -> None:
    """An identifier that never came is an error without the identifier in it, and makes nobody known."""
    unknown = {"mbox": "mailto:canari.nobody@example.fr"}
    for ask in (lambda: store.subjects.show(unknown), lambda: store.subjects.export(unknown, tmp_path / "x.zip")):
        with pytest.raises(NotFound) as refused:
            ask()
        assert "canari" not in f"{refused.value!r} {refused.value.hint}".lower()
    assert not list(tmp_path.iterdir())


def test_another_tenants_person_of_the_same_name_is_another(store: lrs.LRS, tmp_path: Path) -> None:
    """What a person is given is of one tenant, which is named."""
    me = {"mbox": "mailto:two@example.fr"}
    store.credentials.add("other", tenant="elsewhere")
    store.ingest(statement(me))
    away = store.credentials.principal("other")
    there = [str(each) for each in store.ingest([statement(me), statement(me)], principal=away)]
    path = tmp_path / "two.zip"
    store.subjects.export(me, path, tenant="elsewhere")
    assert [each["id"] for each in lines(files(path)["statements.jsonl"])] == there
    assert len(lines(given(store, me, tmp_path)["statements.jsonl"])) == 1


def test_cells_are_no_formulas() -> None:
    """What a spreadsheet would calculate is text."""
    assert written_lines([("=1+1", "@x", "-5", 3, None, True)]) == b"'=1+1,'@x,'-5,3,,true\r\n"


def test_a_page_shows_html_as_text(store: lrs.LRS, tmp_path: Path) -> None:
    """A name that is markup is shown, not run."""
    me = {"name": "<script>x</script>", "mbox": "mailto:html@example.fr"}
    store.ingest(statement(me))
    found = given(store, me, tmp_path)
    for language in words.LANGUAGES:
        page = found[f"README.{language}.html"].decode()
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_everything_is_said_in_both_languages() -> None:
    """Each text is there in French and in English, is not the same in both, and has the same places to fill."""
    texts = []
    for value in vars(words).values():
        found = value.values() if isinstance(value, dict) else [value]
        texts += [text for text in found if isinstance(text, words.Words)]
    assert len(texts) > 50
    for text in texts:
        assert text.fr
        assert text.en
        assert text.fr != text.en
        assert set(re.findall(r"{\w+}", text.fr)) == set(re.findall(r"{\w+}", text.en))


def test_the_markers_of_this_test_can_be_found(store: lrs.LRS, tmp_path: Path) -> None:
    """The search for leaks can fail: the same markers are all there when the one they belong to asks."""
    corpus = Corpus("control of access")
    made = corpus.base("account", "control")
    store.ingest(made)
    assert found_in(b"".join(given(store, made["actor"], tmp_path).values()), corpus.markers) == set(corpus.markers)
