"""The file for a person, step by step: statements, tables, what can be taken along, contents, documents, who has it and who looked, the summary."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from lrs.privacy.consent.record import records
from lrs.privacy.receipts import Receipt, signed
from lrs.rights.access import tables, words
from lrs.rights.access.page import Told, page
from lrs.rights.access.portable import contents_of, is_portable, portable
from lrs.rights.access.recipients import processing, recipients
from lrs.rights.access.summary import Summary
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteSigner
    from lrs.exchange.forward import Standing
    from lrs.privacy.policy.model import Policy
    from lrs.rights.access.archive import Archive
    from lrs.rights.access.holdings import Holdings


class Around(NamedTuple):
    """What the store says beside what it holds: its policy, its targets, and the key that signs."""

    policy: Policy
    targets: Sequence[Standing]
    signer: NoteSigner


def export(held: Holdings, around: Around, archive: Archive) -> Summary:
    """Fill the archive of a person -> what was put into it, in numbers."""
    summary = Summary()
    spellings = held.spellings()
    summary.identify(spellings)
    attaching = _statements(held, archive, summary)
    _statement_table(held, archive)
    _portable(held, archive, around.policy)
    if attaching:
        _attachments(held, archive, summary)
    _documents(held, archive, summary)
    archive.put("consents.jsonld", records(held.consents(), around.policy, held.notices()))
    _requests(held, archive, summary)
    readers = _credentials(held, archive, summary)
    _accesses(held, archive, summary, readers)
    told = Told(summary, spellings, processing(around.policy), recipients(around.policy, around.targets), held.now)
    archive.put("processing.json", _json(told.processing))
    archive.put("recipients.json", _json(told.recipients))
    for language in words.LANGUAGES:
        archive.put(f"README.{language}.html", page(told, language))
    _manifest(held, archive, summary, around)
    return summary


def _statements(held: Holdings, archive: Archive, summary: Summary) -> bool:
    """Write the statements -> whether any of them attaches something."""
    attaching = False
    with archive.file("statements.jsonl") as file:
        for found in held.statements():
            summary.add(found)
            attaching = attaching or any(b'"attachments":' in each.row.body for each in found)
            file.write(b"".join(_line(each.body) for each in found))
    return attaching


def _statement_table(held: Holdings, archive: Archive) -> None:
    with archive.file("statements.csv") as file:
        file.write(tables.lines([tables.STATEMENT_COLUMNS]))
        for found in held.statements():
            file.write(tables.lines(map(tables.statement_line, found)))


def _portable(held: Holdings, archive: Archive, policy: Policy) -> None:
    with archive.file("portability/statements.jsonl") as file:
        for found in held.statements():
            file.write(b"".join(_line(portable(each.body)) for each in found if is_portable(each, policy)))


def _attachments(held: Holdings, archive: Archive, summary: Summary) -> None:
    """Put each content in once, named by its hash, which may not be that of a signature: that holds a statement as it was sent."""
    seen: set[str] = set()
    for found in held.statements():
        contents = held.contents(found)
        wanted = {sha2 for each in found if each.alone for sha2 in contents_of(each.body)}
        for sha2 in sorted(wanted.intersection(contents) - seen):
            seen.add(sha2)
            with archive.file(f"attachments/{sha2}") as file:
                for piece in contents.pieces(sha2):
                    file.write(piece)
    summary.numbers["attachments"] = len(seen)


def _documents(held: Holdings, archive: Archive, summary: Summary) -> None:
    index = []
    for number, (name, document) in enumerate(held.documents(), 1):
        place = f"documents/{number:04d}"
        archive.put(place, document.content)
        index.append(
            {
                "file": place,
                "kind": name.kind,
                "id": name.id,
                "activity": name.activity,
                "registration": name.registration,
                "content_type": document.content_type,
                "updated": format_timestamp(document.updated),
            }
        )
    archive.put("documents/index.json", _json(index))
    summary.numbers["documents"] = len(index)


def _requests(held: Holdings, archive: Archive, summary: Summary) -> None:
    found = held.requests()
    said = ("number", "kind", "state", "received", "closed", "delay", "refusal", "reference")
    archive.put("requests.json", _json([{name: getattr(each, name) for name in said} for each in found]))
    summary.numbers["requests"] = len(found)


def _credentials(held: Holdings, archive: Archive, summary: Summary) -> dict[str, str]:
    """Write the credentials in the person's name -> the names of tools, by id: not of credentials that stand for somebody else."""
    found = held.credentials()
    shown = [
        {
            "name": row.name,
            "username": row.username,
            "scopes": row.scopes,
            "view": row.view,
            "created": format_timestamp(row.created),
            "revoked": None if row.revoked is None else format_timestamp(row.revoked),
        }
        for row in found
    ]
    archive.put("credentials.json", _json(shown))
    summary.numbers["credentials"] = len(found)
    return held.tools() | {row.id: row.name for row in found}


def _accesses(held: Holdings, archive: Archive, summary: Summary, readers: dict[str, str]) -> None:
    with archive.file("access-log.csv") as file:
        file.write(tables.lines([tables.ACCESS_COLUMNS]))
        for each in held.accesses():
            summary.numbers["accesses"] += 1
            file.write(tables.lines([tables.access_line(each, readers)]))


def _manifest(held: Holdings, archive: Archive, summary: Summary, around: Around) -> None:
    """List what is in the archive, and sign the list."""
    manifest = _json({"at": format_timestamp(held.now), "files": archive.entries})
    archive.put("manifest.json", manifest)
    counts = {name: summary.numbers[name] for name in ("own", "named", "documents", "attachments")}
    receipt = Receipt(
        kind="subject export",
        tenant=held.shelf.tenant,
        at=held.now,
        policy=around.policy.digest,
        fr=words.RECEIPT.fr.format(**counts),
        en=words.RECEIPT.en.format(**counts),
        facts={**counts, "manifest": hashlib.sha256(manifest).hexdigest()},
    )
    archive.put("receipt.txt", signed(receipt, around.signer).encode())


def _line(body: bytes) -> bytes:
    # A line break inside valid JSON is white space between tokens.
    return body.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"
