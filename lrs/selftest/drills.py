"""The drills, one after the other. Whatever happens, the made-up people are erased in the end."""

from __future__ import annotations

import json
import tempfile
import time
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from lrs.access import Principal
from lrs.errors import LRSError, NotFound, NotPermitted, TamperedData
from lrs.privacy.audit import FAILED, Audit, Event
from lrs.privacy.audit.trail import folder_of
from lrs.privacy.audit.verify import verify
from lrs.rights.subjects import Subjects
from lrs.selftest.people import Cast, Someone, cast, ways_in
from lrs.selftest.report import DRILLS, Finding, Outcome, report
from lrs.selftest.search import files_with
from lrs.storage.contract import StatementStore, SubjectStore

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.notes import NoteSigner
    from lrs.privacy.policy.model import Match, Policy
    from lrs.settings import Settings
    from lrs.xapi.model import Person

ACTION = "drill"
_SECOND = 1_000_000


class Store(Protocol):
    """The store in which it is drilled, as a program uses it."""

    def ingest(self, statements: Any, *, principal: Principal | None = ...) -> list[Any]:
        """Store a batch."""

    def erase(self, agent: Mapping[str, Any], *, tenant: str | None = ...) -> Any:
        """Erase a person."""

    @property
    def subjects(self) -> Subjects:
        """What is kept of people."""


@attrs.frozen
class Place:
    """What the drills need beside the store: ``person`` checks an agent; ``caller`` stores, and its tenant is the one that is drilled."""

    store: Store
    caller: Principal
    settings: Settings
    policy: Policy
    vault: SubjectStore
    warehouse: StatementStore
    keys: TenantKeys
    signer: NoteSigner
    audit: Audit
    clock: Callable[[], int]
    person: Callable[[Mapping[str, Any]], Person]


class Broken(Exception):
    """A promise that does not hold; its text names nobody."""


def drill(place: Place) -> Outcome:
    """Run all drills, erase the made-up people, and sign what was found."""
    drills = _Drills(place)
    try:
        findings = tuple(_tried(name, getattr(drills, name)) for name in DRILLS)
    finally:
        drills.clear()
    tenant = place.caller.tenant
    counts = {"drills": len(findings), "failed": sum(not each.passed for each in findings)}
    place.audit.record(Event.by(place.caller, ACTION, counts=counts, **({"outcome": FAILED} if counts["failed"] else {})))
    return Outcome(findings, report(findings, place.signer, tenant=tenant, at=place.clock(), policy=place.policy.digest))


def _tried(name: str, run: Callable[[], None]) -> Finding:
    try:
        run()
    except Broken as broken:
        return Finding(name, passed=False, what=str(broken))
    except LRSError as error:
        return Finding(name, passed=False, what=f"could not be tried: {error.code}")
    return Finding(name, passed=True)


class _Drills:
    """One round; each method is a drill, named as in the report."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._tenant = place.caller.tenant
        self._begun = time.time()
        self._first = place.clock()
        self._cast: Cast | None = None
        self._numbers: dict[str, int] = {}

    def stored(self) -> None:
        """Store statements of made-up people, and have everything given back that was sent."""
        self._cast, caller = self._take_in()
        self._numbers = {word: self._number(each) for each in self._cast.people for word in each.marks}
        for each in self._people:
            with self._given(each) as given:
                _check(any(word in given for word in each.marks), "somebody's own copy does not name them")
        _check(caller.tenant == self._tenant, "the statements are another tenant's")

    def sealed(self) -> None:
        """Look for those people in every row and every file that is new."""
        self._look(self._cast_of().marks)

    def found(self) -> None:
        """See that the search finds a word that is in the clear: in the rows, and in the trail, which is a file."""
        word = self._cast_of().open
        _check(self._rows_with({word}) > 0, "a word in the clear is not found in the warehouse: the search is blind")
        self._place.audit.record(Event.by(self._place.caller, ACTION, object=word))
        _check(bool(self._files_with({word})), "a word in the clear is not found in the files: the search is blind")

    def bound(self) -> None:
        """Try each made-up person's spellings, and keys, in another one's place, and with a bit changed."""
        numbers = sorted(self._numbers_of().values())
        rows = self._place.vault.keys(self._tenant, numbers)
        deks = self._place.keys.deks(rows)
        spellings = {sid: self._place.vault.spellings(self._tenant, sid)[0] for sid in numbers}
        for one, other in permutations(numbers, 2):
            (fingerprint, sealed), (other_fingerprint, other_sealed) = spellings[one], spellings[other]
            _refused(lambda: deks[one].open("variant", other_fingerprint, other_sealed), "another one's spelling opens")  # noqa: B023 -- called at once
            _refused(lambda: deks[one].open("variant", other_fingerprint, sealed), "a spelling opens in another place")  # noqa: B023
            _refused(lambda: deks[one].open("variant", fingerprint, _flipped(sealed)), "an altered spelling opens")  # noqa: B023
            _refused(lambda: self._place.keys.deks({one: rows[other]}), "another one's key opens")  # noqa: B023

    def trail(self) -> None:
        """Verify the audit trail, and an altered checkpoint."""
        note = self._place.audit.checkpoint()
        reports = verify(folder_of(self._place.settings), self._place.signer.key, [note])
        _check(not any(each.problems for each in reports), "the audit trail does not verify: lrs audit verify says where")
        text, _, signature = note.rpartition("\n\n")
        _refused(lambda: self._place.signer.key.open(f"{text}\nmore\n\n{signature}"), "an altered checkpoint is believed")

    def erased(self) -> None:
        """Erase one of them; send what they did again; see that the others keep what is theirs."""
        made = self._cast_of()
        gone, *others = made.people
        self._place.store.erase(gone.agent, tenant=self._tenant)
        self._nobody(gone)
        # A refusal is as good as passing it over.
        with suppress(LRSError):
            self._place.store.ingest([*made.statements[:1]], principal=self._caller)
        self._nobody(gone)
        for each, sent in zip(others, made.statements[1:], strict=True):
            with self._given(each) as given:
                _check(sent["id"] in given, "a statement of somebody else is gone too")

    def gone(self) -> None:
        """Erase all of them, and look for them again."""
        marks = self._cast_of().marks
        self.clear()
        self._look(marks)
        for each in self._people:
            self._nobody(each)

    def clear(self) -> None:
        """Erase all made-up people who are there."""
        for each in self._people:
            if self._is_known(each):
                self._place.store.erase(each.agent, tenant=self._tenant)

    @property
    def _people(self) -> tuple[Someone, ...]:
        return self._cast.people if self._cast else ()

    def _cast_of(self) -> Cast:
        if self._cast is None:
            raise Broken("nothing was stored to try it on")
        return self._cast

    def _numbers_of(self) -> dict[str, int]:
        if not self._numbers:
            raise Broken("nobody was stored to try it on")
        return self._numbers

    def _take_in(self) -> tuple[Cast, Principal]:
        """Store statements in the first way in which the policy takes them."""
        for like in ways_in(self._place.policy):
            made, self._caller = cast(like), self._named(like)
            self._cast = made
            try:
                self._place.store.ingest([*made.statements], principal=self._caller)
            except NotPermitted:
                self._cast = None
                continue
            return made, self._caller
        raise Broken("the policy takes no statement of a made-up person")

    def _named(self, like: Match) -> Principal:
        return attrs.evolve(self._place.caller, name=like.credentials[0]) if like.credentials else self._place.caller

    def _number(self, person: Someone) -> int:
        index = self._place.keys.blind_index(self._place.person(person.agent).ifi)
        found = self._place.vault.subjects(self._tenant, [index]).get(index)
        if found is None:
            raise Broken("somebody who was stored is not known")
        return found[0]

    @contextmanager
    def _given(self, person: Someone) -> Iterator[str]:
        """Give the text of a person's own copy of what is kept of them."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "copy.zip"
            self._place.store.subjects.export(person.agent, path, tenant=self._tenant)
            with zipfile.ZipFile(path) as archive:
                yield json.dumps([json.loads(line) for line in archive.read("statements.jsonl").splitlines()])

    def _nobody(self, person: Someone) -> None:
        _check(not self._is_known(person), "somebody who was erased is known")

    def _is_known(self, person: Someone) -> bool:
        try:
            self._place.store.subjects.show(person.agent, tenant=self._tenant)
        except NotFound:
            return False
        return True

    def _look(self, marks: Collection[str]) -> None:
        rows = self._rows_with(marks)
        _check(rows == 0, f"{rows} rows of the warehouse hold a word that tells who somebody is")
        files = self._files_with(marks)
        _check(not files, f"a word that tells who somebody is stands in {', '.join(files)}")

    def _rows_with(self, words: Collection[str]) -> int:
        return self._place.warehouse.mentions(self._tenant, sorted(words), since=self._first - _SECOND)

    def _files_with(self, words: Collection[str]) -> list[str]:
        return files_with(self._place.settings.data, words, since=self._begun)


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads as a sentence
    if not holds:
        raise Broken(otherwise)


def _refused(attempt: Callable[[], object], otherwise: str) -> None:
    try:
        attempt()
    except TamperedData:
        return
    raise Broken(otherwise)


def _flipped(sealed: bytes) -> bytes:
    return sealed[:-1] + bytes([sealed[-1] ^ 1])
