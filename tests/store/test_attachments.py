"""Attachments and signed statements through an open store."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest

import lrs
from lrs.access import Principal, Scope, View
from lrs.privacy.attachments import PIECE_BYTES
from lrs.storage.contract import SealedPiece
from lrs.xapi.attachments import SIGNATURE
from tests.effort import Effort
from tests.signing import certificate, signed
from tests.store.conftest import World

TEXT = b"an essay"


def sha(data: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, data).hexdigest()


def attached(data: bytes, algorithm: str = "sha256", **more: Any) -> dict[str, Any]:
    """An attachment with this content."""
    return {
        "usageType": "https://lms.example.fr/essay",
        "display": {"fr": "dissertation"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha(data, algorithm),
    } | more


def test_contents_come_back(store: lrs.LRS, world: World) -> None:
    """By hash, once each, whichever SHA-2 and in whichever case; the statement is as it was sent, to the letter of its hash."""
    upper = attached(b"in upper case")
    upper["sha2"] = upper["sha2"].upper()
    attachments = [attached(TEXT), upper, attached(b"", "sha512"), attached(b"\x00\xff\r\n--", "sha224"), attached(TEXT)]
    contents = {each["sha2"]: data for each, data in zip(attachments, [TEXT, b"in upper case", b"", b"\x00\xff\r\n--"], strict=False)}
    (identifier,) = store.ingest(world.statement(attachments=attachments), attachments=contents)
    page = store.query(statement_id=identifier, attachments=True)
    assert page.statements[0]["attachments"] == attachments
    assert dict(page.attachments) == {name.lower(): data for name, data in contents.items()}
    assert page.attachments[upper["sha2"]] == b"in upper case"
    assert page.attachments.content_type(sha(TEXT)) == "text/plain"
    assert sha(b"never sent") not in page.attachments
    assert "essay" not in repr(page.attachments) + repr(page)


def test_contents_are_there_for_who_asks(store: lrs.LRS, world: World) -> None:
    """On every page, over more, in every format; not unless asked for."""
    texts = [f"essay {n}".encode() for n in range(5)]
    batch = [world.statement(attachments=[attached(text), attached(TEXT)]) for text in texts]
    store.ingest(batch, attachments={sha(text): text for text in [*texts, TEXT]})
    assert store.query(verb=world.verb).attachments is None
    for form in ("ids", "canonical", "exact"):
        page = store.query(verb=world.verb, limit=2, ascending=True, attachments=True, format=form)
        seen = [set(page.attachments.values())]
        while page.more:
            page = store.query(more=page.more)
            seen.append(set(page.attachments.values()))
        assert seen == [{*texts[:2], TEXT}, {*texts[2:4], TEXT}, {*texts[4:], TEXT}]


def test_a_substatement_has_attachments_too(store: lrs.LRS, world: World) -> None:
    """Their contents are kept like those of the statement."""
    sub = {"objectType": "SubStatement", **world.statement("bob"), "attachments": [attached(TEXT)]}
    (identifier,) = store.ingest(world.statement(object=sub), attachments={sha(TEXT): TEXT})
    page = store.query(statement_id=identifier, attachments=True)
    assert dict(page.attachments) == {sha(TEXT): TEXT}
    assert page.statements[0]["object"]["attachments"] == sub["attachments"]


def test_a_linked_attachment_needs_no_content(store: lrs.LRS, world: World) -> None:
    """But may have one; without, nothing is there."""
    linked = attached(TEXT, fileUrl="https://files.example.fr/1")
    without, beside = (
        store.ingest(world.statement(attachments=[linked])),
        store.ingest(world.statement(attachments=[linked]), attachments={sha(TEXT): TEXT}),
    )
    assert dict(store.query(statement_id=without[0], attachments=True).attachments) == {}
    assert dict(store.query(statement_id=beside[0], attachments=True).attachments) == {sha(TEXT): TEXT}


def test_a_large_content_is_kept_in_pieces(store: lrs.LRS, world: World) -> None:
    """Sizes around a piece, and ten of them; what is read piece by piece is what was sent."""
    sizes = [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 10 * PIECE_BYTES + 5]
    datas = [os.urandom(size) for size in sizes]
    (identifier,) = store.ingest(world.statement(attachments=[attached(data) for data in datas]), attachments={sha(d): d for d in datas})
    page = store.query(statement_id=identifier, attachments=True)
    for data in datas:
        assert page.attachments.length(sha(data)) == len(data)
        pieces = list(page.attachments.pieces(sha(data)))
        assert b"".join(pieces) == data
        assert max(map(len, pieces)) <= PIECE_BYTES


def test_what_does_not_fit_is_refused_whole(store: lrs.LRS, world: World) -> None:
    """A missing content, an excess one, one that its hash is not of: nothing of the batch is stored, in whatever form it came."""
    alone = world.statement(attachments=[attached(TEXT)])
    for statements, contents in (
        (alone, None),
        ([world.statement(), alone], {}),
        (json.dumps(alone).encode(), {sha(b"x"): b"x"}),
        (alone, {sha(TEXT): TEXT, sha(b"x"): b"x"}),
        (alone, {sha(TEXT): b"another essay"}),
        (alone, {"abc": TEXT}),
        ([world.statement()], {sha(TEXT): TEXT}),
    ):
        with pytest.raises((lrs.InvalidStatement, lrs.InvalidRequest)) as refused:
            store.ingest(statements, attachments=contents)
        assert "essay" not in str(refused.value)
    assert store.query(verb=world.verb).statements == []


def test_a_stream_takes_links_only(store: lrs.LRS, world: World) -> None:
    """Lines and streams carry no contents; a statement that needs one is refused, and it alone among lines."""
    linked, alone = (
        world.statement(attachments=[attached(TEXT, fileUrl="https://x.example/1")]),
        world.statement(attachments=[attached(TEXT)]),
    )
    with pytest.raises(lrs.InvalidRequest):
        store.ingest(iter([linked]), attachments={sha(TEXT): TEXT})
    with pytest.raises(lrs.InvalidStatement):
        store.ingest(iter([alone]))
    outcomes = list(store.ingest_lines(json.dumps(each).encode() for each in (linked, alone, linked)))
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert len(store.query(verb=world.verb).statements) == 2


def test_a_replay_stores_no_content_twice(store: lrs.LRS, world: World) -> None:
    """The same statement again, with its content, adds nothing; with another hash it is another statement."""
    sent = world.statement(id=str(uuid4()), attachments=[attached(TEXT)])

    def stored() -> int:
        with store._warehouse._sessions.reader() as session:
            return int(session.query("SELECT count() FROM attachments", {})[0][0])

    store.ingest(sent, attachments={sha(TEXT): TEXT})
    before = stored()
    store.ingest(sent, attachments={sha(TEXT): TEXT})
    assert stored() == before
    with pytest.raises(lrs.Conflict):
        store.ingest(sent | {"attachments": [attached(b"other")]}, attachments={sha(b"other"): b"other"})
    assert stored() == before
    assert dict(store.query(statement_id=sent["id"], attachments=True).attachments) == {sha(TEXT): TEXT}


def test_what_a_crash_left_is_nobodys(store: lrs.LRS, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents go first: when the statement then fails, another one under its id has its own content and not the one that was left."""
    sent = world.statement(id=str(uuid4()), attachments=[attached(TEXT)])

    def fail(_rows: object) -> None:
        raise lrs.StoreUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store._warehouse, "put", fail)
        with pytest.raises(lrs.StoreUnavailable):
            store.ingest(sent, attachments={sha(TEXT): TEXT})
    other = world.statement("bob", id=sent["id"], attachments=[attached(b"other")])
    store.ingest(other, attachments={sha(b"other"): b"other"})
    assert dict(store.query(statement_id=sent["id"], attachments=True).attachments) == {sha(b"other"): b"other"}


def test_no_statement_is_stored_without_its_contents(store: lrs.LRS, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the contents can't be stored, nor is the statement."""

    def fail(pieces: Iterable[SealedPiece]) -> None:
        next(iter(pieces))
        raise lrs.StoreUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store._warehouse, "add_attachments", fail)
        with pytest.raises(lrs.StoreUnavailable):
            store.ingest(world.statement(attachments=[attached(TEXT)]), attachments={sha(TEXT): TEXT})
    assert store.query(verb=world.verb).statements == []


def test_a_piece_that_is_not_in_its_place_is_noticed(store: lrs.LRS, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces exchanged, missing, or of another content: reading says so, and gives nothing for something else."""
    one, other = os.urandom(3 * PIECE_BYTES), os.urandom(3 * PIECE_BYTES)
    add = store._warehouse.add_attachments

    def exchange(pieces: list[SealedPiece]) -> None:
        pieces[1].sealed, pieces[2].sealed = pieces[2].sealed, pieces[1].sealed

    def drop(pieces: list[SealedPiece]) -> None:
        del pieces[2]

    def mix(pieces: list[SealedPiece]) -> None:
        pieces[1].sealed = pieces[4].sealed

    for harm in (exchange, drop, mix):

        def harmed(pieces: Iterable[SealedPiece], harm: Callable[[list[SealedPiece]], None] = harm) -> None:
            listed = list(pieces)
            harm(listed)
            add(listed)

        with monkeypatch.context() as patched:
            patched.setattr(store._warehouse, "add_attachments", harmed)
            sent = world.statement(attachments=[attached(one), attached(other)])
            (identifier,) = store.ingest(sent, attachments={sha(one): one, sha(other): other})
        contents = store.query(statement_id=identifier, attachments=True).attachments
        with pytest.raises(lrs.TamperedData):
            contents[sha(one)]
        assert contents[sha(other)] == other


def test_only_who_sees_people_sees_contents(store: lrs.LRS, world: World, principal: Callable[..., Principal]) -> None:
    """A pseudonymous reader gets the statement with a hash of zeros, and no content; a reader of its own statements theirs."""
    writer = principal(Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE, name="essays")
    store.ingest(world.statement(attachments=[attached(TEXT)]), attachments={sha(TEXT): TEXT}, principal=writer)
    hidden = store.query(verb=world.verb, attachments=True, principal=principal(Scope.STATEMENTS_READ, view=View.PSEUDONYMOUS))
    assert dict(hidden.attachments) == {}
    assert hidden.statements[0]["attachments"][0]["sha2"] == "0" * 64
    assert dict(store.query(verb=world.verb, attachments=True, principal=writer).attachments) == {sha(TEXT): TEXT}
    stranger = principal(Scope.STATEMENTS_READ_MINE, name="stranger")
    assert dict(store.query(verb=world.verb, attachments=True, principal=stranger).attachments) == {}


def test_an_erased_persons_contents_are_withheld(store: lrs.LRS, world: World) -> None:
    """Without the key of the first person nothing opens, and nothing raises; other people's contents are there."""
    ana, bob = world.statement("ana", attachments=[attached(TEXT)]), world.statement("bob", attachments=[attached(b"bob's")])
    store.ingest([ana, bob], attachments={sha(TEXT): TEXT, sha(b"bob's"): b"bob's"})
    (mine,) = store.query(agent=world.person("ana")).statements
    vault, tenant = store._vault, "default"
    index = store._keys(tenant).blind_index(b"".join((b"4:mbox,", _framed(world.person("ana")["mbox"]))))
    sid, _ = vault.subjects(tenant, [index])[index]
    keys = vault.keys
    try:
        vault.keys = lambda tenant, sids: {each: key for each, key in keys(tenant, sids).items() if each != sid}
        page = store.query(verb=world.verb, attachments=True)
        assert dict(page.attachments) == {sha(b"bob's"): b"bob's"}
        assert {each["id"]: each["attachments"][0]["sha2"] for each in page.statements}[mine["id"]] == "0" * 64
    finally:
        vault.keys = keys


def _framed(mbox: str) -> bytes:
    return b"%d:%b," % (len(mbox), mbox.encode())


SECTION = "xAPI 1.0.3 Data 2.6"


def signing(statement: dict[str, Any], jws: bytes) -> dict[str, Any]:
    """The statement with a signature attached."""
    signature = attached(jws, usageType=SIGNATURE, contentType="application/octet-stream")
    return statement | {"attachments": [*statement.get("attachments", []), signature]}


@pytest.mark.parametrize("certified", [True, False])
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_signed_statement_is_stored_with_its_signature(store: lrs.LRS, world: World, version: str, *, certified: bool) -> None:
    """The payload is the statement before it was signed; with certificates, their key signed it."""
    header = {"x5c": [certificate("leaf", "root"), certificate("root", "root")]} if certified else {}
    plain = world.statement(id=str(uuid4()), attachments=[attached(TEXT)])
    jws = signed(json.dumps(plain, indent=1).encode(), **header)
    (identifier,) = store.ingest(signing(plain, jws), attachments={sha(jws): jws, sha(TEXT): TEXT}, version=version)
    assert identifier == UUID(plain["id"])
    assert store.query(statement_id=identifier, attachments=True).attachments[sha(jws)] == jws


def test_a_bad_signature_is_refused(store: lrs.LRS, world: World) -> None:
    """No signature, one of another statement or key, of no statement at all: the refusal names the place and quotes nothing."""
    plain = world.statement(id=str(uuid4()))
    text = json.dumps(plain).encode()
    for jws in (
        b"no signature",
        signed(text, algorithm="HS256"),
        signed(text, by="other", x5c=[certificate("leaf", "leaf")]),
        signed(text, x5c=[certificate("leaf", "root"), certificate("other", "other")]),
        signed(b"[" + text + b"]"),
        signed(text[:-1]),
        signed(b"\xff" + text),
        signed(b"7"),
        signed(text.replace(b"{", b'{"iat":1,', 1)),
        signed(json.dumps(plain | {"id": str(uuid4())}).encode()),
        signed(json.dumps(world.statement("bob", id=plain["id"])).encode()),
        signed(json.dumps(plain | {"result": {"success": True}}).encode()),
        signed(b"[" * 100_000),
    ):
        with pytest.raises(lrs.InvalidStatement) as refused:
            store.ingest([world.statement(), signing(plain, jws)], attachments={sha(jws): jws})
        assert (refused.value.index, refused.value.path, refused.value.section) == (1, "$.attachments[0]", SECTION)
        assert "bob" not in str(refused.value)
    assert store.query(verb=world.verb).statements == []


def test_a_signature_that_is_attached_often_is_checked_once(store: lrs.LRS, world: World) -> None:
    """Ten thousand times the same one costs no more time than reading the statement."""
    plain = world.statement(id=str(uuid4()), result={"response": "x" * 1_000_000})
    jws = signed(json.dumps(plain).encode())
    signature = attached(jws, usageType=SIGNATURE, contentType="application/octet-stream")
    with Effort() as effort:
        store.ingest(plain | {"attachments": [signature] * 10_000}, attachments={sha(jws): jws})
    assert effort.seconds < 20


def test_a_linked_signature_is_not_fetched(store: lrs.LRS, world: World) -> None:
    """What is not here can't be checked; the statement is taken as any other with a link."""
    linked = attached(b"x", usageType=SIGNATURE, contentType="application/octet-stream", fileUrl="https://files.example.fr/x")
    store.ingest(world.statement(attachments=[linked]))
    assert len(store.query(verb=world.verb).statements) == 1
