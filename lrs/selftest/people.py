"""Made-up people: each with one kind of identifier, and everything by which they could be found marked with words that nobody else has."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import attrs

from lrs.privacy.policy.model import REFUSE, WITHOUT_IDENTITY, Match, Policy

_HOME = "https://lrs.invalid/selftest/"
Json = dict[str, Any]


@attrs.frozen(repr=False)
class Someone:
    """A made-up person: their agent without a name, and the words that may be nowhere in the clear."""

    agent: Json
    marks: frozenset[str]

    @property
    def named(self) -> Json:
        """Their agent with a name, which is one of the marks."""
        return self.agent | {"name": f"Selftest {min(self.marks)}"}

    def __repr__(self) -> str:
        return "Someone(<identity>)"


@attrs.frozen(repr=False)
class Cast:
    """The people of one drill, the statements about them as one batch, and a word that is meant to be found: ``open``."""

    people: tuple[Someone, ...]
    statements: tuple[Json, ...]
    open: str

    @property
    def marks(self) -> frozenset[str]:
        """Give all words that may be nowhere in the clear."""
        return frozenset[str]().union(*(each.marks for each in self.people))


def ways_in(policy: Policy) -> Iterator[Match]:
    """Yield what a statement has to be like so that the policy takes it, with its people: as each rule says, or as it comes."""
    yield from policy.rules
    if policy.unassigned not in (REFUSE, WITHOUT_IDENTITY):
        yield Match()


def cast(like: Match) -> Cast:
    """Make up four people, a statement of each that names the next one, and has texts about its actor; of the kind that this rule is about."""
    people = (_mbox(), _digest(), _openid(), _account())
    word = _word()
    statements = tuple(_statement(each, people[n - 1], like, word) for n, each in enumerate(people))
    return Cast(people, statements, word)


def _statement(actor: Someone, other: Someone, like: Match, word: str) -> Json:
    text = min(actor.marks)
    definition = {"type": like.activity_types[0]} if like.activity_types else {}
    context: Json = {"instructor": other.named, "extensions": {f"{_HOME}text": text}}
    if like.platforms:
        context["platform"] = like.platforms[0]
    if like.categories:
        context["contextActivities"] = {"category": [{"id": like.categories[0]}]}
    return {
        "id": str(uuid4()),
        "actor": actor.named,
        "verb": {"id": like.verbs[0] if like.verbs else f"{_HOME}tried"},
        "object": {"id": f"{like.activities[0] if like.activities else _HOME}{word}", "definition": definition},
        "result": {"response": f"I am {text}"},
        "context": context,
    }


def _word() -> str:
    return f"st{secrets.token_hex(10)}"


def _mbox() -> Someone:
    word = _word()
    return Someone({"mbox": f"mailto:{word}@lrs.invalid"}, frozenset({word}))


def _digest() -> Someone:
    digest = hashlib.sha1(secrets.token_bytes(16), usedforsecurity=False).hexdigest()
    return Someone({"mbox_sha1sum": digest}, frozenset({digest}))


def _openid() -> Someone:
    word = _word()
    return Someone({"openid": f"{_HOME}{word}"}, frozenset({word}))


def _account() -> Someone:
    word = _word()
    return Someone({"account": {"homePage": _HOME, "name": word}}, frozenset({word}))
