"""Checking what was sent, and doing with it what the policy says: all that needs neither store nor key, so that another process can do it as well.

    bytes -> split -> check -> purpose & minimise -> cut out people

The thread that got the bytes does it (:mod:`lrs.write`), or for streams and large batches a second process (:mod:`lrs.second`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from lrs.errors import LimitExceeded
from lrs.privacy.drafts import Drafts, cut_out
from lrs.privacy.nameless import nameless
from lrs.privacy.policy.intake import Purposes
from lrs.xapi import codec
from lrs.xapi.memory import CAPACITY
from lrs.xapi.model import Statement
from lrs.xapi.rules import Checker

if TYPE_CHECKING:
    from lrs.privacy.policy.force import InForce

_MAX_PEOPLE = 10_000
"""People in one statement: each is looked for in its texts, by the thread that everybody waits for."""


class Checked(msgspec.Struct, array_like=True):
    """Drafts of statements, the place of the body in which each came, and the purposes that each serves; none: it has lost its people."""

    drafts: Drafts
    places: list[int]
    purposes: list[Purposes]


class Checking:
    """Check statements by the policies of tenants. Thread-safe. ``capacity`` bounds what is remembered, as :class:`lrs.xapi.rules.Checker` has it."""

    def __init__(self, policy: Callable[[str], InForce], *, max_statement_bytes: int, capacity: int = CAPACITY) -> None:
        self._policy = policy
        self._capacity = capacity
        self._largest = max_statement_bytes
        self._checkers: dict[tuple[str, str], Checker] = {}

    def forget(self) -> None:
        """Drop from memory whatever was remembered of statements."""
        for checker in self._checkers.values():
            checker.forget()

    def split(self, body: bytes, most: int) -> tuple[list[msgspec.Raw], bool]:
        """Split a body into at most so many raw statements, as :func:`lrs.xapi.codec.split` does."""
        return codec.split(body, max_statements=most, max_statement_bytes=self._largest)

    def check(self, sent: Sequence[bytes], tenant: str, version: str) -> list[Statement]:
        """Check statements under one version; raises :class:`lrs.errors.InvalidStatement`, :class:`lrs.errors.LimitExceeded`."""
        check = self._checker(tenant, version).check
        statements = [check(raw, index=index) for index, raw in enumerate(sent)]
        _check_people(statements)
        return statements

    def take(self, sent: Sequence[bytes], statements: list[Statement], tenant: str, name: str, version: str) -> list[Purposes]:
        """Do with checked statements what the policy says -> the purposes of each; those of which something is taken out are put in their place.

        ``name`` is that of the credential. Raises :class:`lrs.errors.NotPermitted` for what the policy does not want.
        """
        intake = self._policy(tenant).intake
        if intake.takes_all:
            return [intake.unassigned] * len(statements)
        check = self._checker(tenant, version).check
        purposes: list[Purposes] = []
        for index, raw in enumerate(sent):
            left, served = intake.take(raw, name)
            # What is left of a statement has to be one too.
            statement = statements[index] if left == raw else check(left, index=index)
            statements[index] = statement if served else nameless(statement)
            purposes.append(served)
        return purposes

    def cut_out(self, statements: Sequence[Statement], tenant: str) -> Drafts:
        """Cut out of checked statements whatever may not stand in them."""
        return cut_out(statements, self._policy(tenant).texts)

    def _checker(self, tenant: str, version: str) -> Checker:
        checker = self._checkers.get((tenant, version))
        if checker is None:
            made = Checker(version, keeps=self._policy(tenant).texts.keeps, capacity=self._capacity)
            checker = self._checkers.setdefault((tenant, version), made)
        return checker


def _check_people(statements: Sequence[Statement]) -> None:
    for index, statement in enumerate(statements):
        if len(statement.roles) > _MAX_PEOPLE:
            raise LimitExceeded(f"statement {index} names more than {_MAX_PEOPLE} people", hint="Split its groups over several statements.")
