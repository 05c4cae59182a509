"""Statements without their people: what checking hands on, column by column.

Cut out of each statement are its people, every text that policy wants sealed or dropped, and the ids of other statements. What is left is
a body with numbered placeholders (see :class:`lrs.storage.contract.TokenisedStatement`); people stand beside it, each spelling once for all
statements. That needs neither store nor key, so that another process can do it as well.

Columns, since a group has thousands of statements: an object for each of them, at each step, costs more than what is done with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter
from uuid import UUID

import msgspec

from lrs.privacy import mentions
from lrs.privacy.freetext import Fate, FreeText
from lrs.xapi.model import GROUP, Attachment, Definition, Person, Reference, Statement, Text

PLACEHOLDER = re.compile(rb'\{"\$([pbors])":([0-9]+)(\}?)')
"""What stands in a body: letter, number, and the brace that closes it, which for a person belongs to what follows."""
_ALONE = 3
"""Parts of a statement in which one person stands and nothing else is set apart."""
_COLUMNS = [
    attrgetter(name) for name in ("id", "version", "timestamp", "verb", "activity", "related", "registration", "reference", "voids")
]
_DENSE = ("ids", "versions", "bodies", "roles", "timestamps", "verbs", "activities", "related", "registrations", "targets", "voids")
_SPARSE = ("texts", "references", "attachments", "mentioning")
_PERSONS = tuple(b'{"$p":%d' % n for n in range(64))


class Drafts(msgspec.Struct, array_like=True):
    """Statements of a batch, or of several, in order: the n-th item of each column is of the n-th statement.

    ``bodies`` have no authority yet. ``persons``: for each placeholder of a person, the number of that person in ``people``; ``roles`` beside it, with
    ``GROUP``. ``timestamps`` are microseconds since 1970 UTC; they, ``ids`` and ``registrations`` are None where the sender gave none, ``targets`` where the
    object is no StatementRef. What few statements have stands under the number of the statement: ``texts`` that are to be sealed, ids of
    ``references``, ``attachments``, and in ``mentioning`` what is known of the people of a statement that may name them elsewhere in its body.
    ``definitions``: each with the numbers of the statements that have it.
    """

    ids: list[UUID | None] = []
    versions: list[str] = []
    bodies: list[bytes] = []
    people: list[Person] = []
    persons: list[list[int]] = []
    roles: list[list[int]] = []
    timestamps: list[int | None] = []
    verbs: list[str] = []
    activities: list[str] = []
    related: list[tuple[str, ...]] = []
    registrations: list[UUID | None] = []
    targets: list[UUID | None] = []
    voids: list[bool] = []
    texts: dict[int, list[bytes]] = {}
    references: dict[int, list[UUID]] = {}
    attachments: dict[int, tuple[Attachment, ...]] = {}
    mentioning: dict[int, tuple[str, ...]] = {}
    definitions: list[tuple[Definition, list[int]]] = []

    def __len__(self) -> int:
        return len(self.bodies)

    def __repr__(self) -> str:
        return f"Drafts({len(self)} statements)"

    def add(self, more: Drafts) -> None:
        """Put the statements of another batch after these."""
        start, known = len(self), len(self.people)
        self.people += more.people
        self.persons += [[number + known for number in own] for own in more.persons]
        for column in _DENSE:
            getattr(self, column).extend(getattr(more, column))
        for column in _SPARSE:
            getattr(self, column).update((n + start, each) for n, each in getattr(more, column).items())
        self.definitions += [(each, [n + start for n in own]) for each, own in more.definitions]

    def picked(self, numbers: Sequence[int]) -> Drafts:
        """Give some of the statements, by their numbers, which rise."""
        place = {number: n for n, number in enumerate(numbers)}
        used = {person: n for n, person in enumerate(dict.fromkeys(each for number in numbers for each in self.persons[number]))}
        made = Drafts(
            people=[self.people[person] for person in used],
            persons=[[used[person] for person in self.persons[number]] for number in numbers],
            definitions=[
                (each, [place[n] for n in own if n in place]) for each, own in self.definitions if not place.keys().isdisjoint(own)
            ],
        )
        for column in _DENSE:
            every = getattr(self, column)
            setattr(made, column, [every[number] for number in numbers])
        for column in _SPARSE:
            setattr(made, column, {place[n]: each for n, each in getattr(self, column).items() if n in place})
        return made

    def text(self, number: int) -> bytes:
        """Write the JSON of a statement again, without ``id``, ``stored`` and ``authority``; of a text that policy drops its remains."""

        def fill(found: re.Match[bytes]) -> bytes:
            kind, n, brace = found.groups()
            if kind == b"p":
                return self.people[self.persons[number][int(n)]].json[:-1] + brace
            if kind == b"r":
                return _quoted(self.registrations[number])
            return _quoted(self.references[number][int(n)]) if kind == b"s" else self.texts[number][int(n)]

        return PLACEHOLDER.sub(fill, self.bodies[number])


def cut_out(statements: Sequence[Statement], policy: FreeText) -> Drafts:
    """Cut people, texts and references out of checked statements, and look where a body names its people all the same."""
    bodies: list[bytes] = []
    people = _People()
    persons: list[list[int]] = []
    roles: list[list[int]] = []
    texts: dict[int, list[bytes]] = {}
    references: dict[int, list[UUID]] = {}
    attachments: dict[int, tuple[Attachment, ...]] = {}
    mentioning: dict[int, tuple[str, ...]] = {}
    definitions: dict[Definition, list[int]] = {}
    for n, statement in enumerate(statements):
        parts = statement.parts
        person = parts[1]
        if len(parts) == _ALONE and type(person) is Person:
            known = person.known
            body = b"".join((parts[0], _PERSONS[0], parts[2]))  # type: ignore[arg-type] # both are bytes
            persons.append([people[person]])
            roles.append([statement.roles[0] | GROUP] if person.is_group else statement.roles)
        else:
            written = _Written(policy)
            body = b"".join(map(written.add, parts))
            known = tuple(text for each in written.people for text in each.known)
            persons.append([people[each] for each in written.people])
            roles.append([role | GROUP if each.is_group else role for each, role in zip(written.people, statement.roles, strict=True)])
            if written.texts:
                texts[n] = written.texts
            if written.references:
                references[n] = written.references
        bodies.append(body)
        looked_for = mentions.of(known)
        if looked_for and looked_for.may_be_in(body):
            mentioning[n] = known
        for definition in statement.definitions:
            definitions.setdefault(definition, []).append(n)
        if statement.attachments:
            attachments[n] = statement.attachments
    ids, versions, timestamps, verbs, activities, related, registrations, targets, voids = ([*map(get, statements)] for get in _COLUMNS)
    return Drafts(
        ids=ids,
        versions=versions,
        bodies=bodies,
        people=[*people],
        persons=persons,
        roles=roles,
        timestamps=timestamps,
        verbs=verbs,
        activities=activities,
        related=related,
        registrations=registrations,
        targets=targets,
        voids=voids,
        texts=texts,
        references=references,
        attachments=attachments,
        mentioning=mentioning,
        definitions=[*definitions.items()],
    )


class _People(dict[Person, int]):
    """Persons, each spelling once, and their numbers."""

    def __missing__(self, person: Person) -> int:
        number = self[person] = len(self)
        return number


class _Written:
    """What was cut out of a statement while its body was written."""

    def __init__(self, policy: FreeText) -> None:
        self._policy = policy
        self.people: list[Person] = []
        self.texts: list[bytes] = []
        self.references: list[UUID] = []

    def add(self, part: bytes | Person | Text | Reference) -> bytes:
        """Give what stands for a part in the body; for a person all but the end of the object."""
        if type(part) is bytes:
            return part
        if type(part) is Person:
            self.people.append(part)
            number = len(self.people) - 1
            return _PERSONS[number] if number < len(_PERSONS) else b'{"$p":%d' % number
        if type(part) is Reference:
            self.references.append(part.id)
            return b'{"$s":%d}' % (len(self.references) - 1)
        return self._text(part)  # type: ignore[arg-type] # it is a Text

    def _text(self, text: Text) -> bytes:
        fate = self._policy.decide(text)
        if fate is Fate.KEEP:
            return text.json
        if fate is Fate.DROP:
            return self._policy.remains(text)
        self.texts.append(text.json)
        return b'{"$b":%d}' % (len(self.texts) - 1)


def _quoted(identifier: UUID | None) -> bytes:
    return b'"%b"' % str(identifier).encode()
