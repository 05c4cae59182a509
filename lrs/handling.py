"""What is done with what a credential sends, beyond the specification: repaired before it is checked, held to profiles after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from lrs.access import Handling
from lrs.errors import ConfigurationError, InvalidStatement
from lrs.sources import profiles
from lrs.sources.repair import check_names, repaired
from lrs.xapi.formats import uuid8

_LONGEST = 365


def repair(statements: Sequence[bytes], handling: Handling, index: Callable[..., bytes], counts: Counter[str]) -> list[bytes]:
    """Make the repairs of a handling to the JSON of each statement, and count them by rule; ``index`` makes 16 bytes of parts, with a key."""
    if not handling.repairs:
        return list(statements)
    found = [repaired(statement, handling.repairs, lambda *parts: uuid8(index(b"repair", *parts))) for statement in statements]
    counts.update(f"repaired {rule}" for each in found for rule in each.rules)
    return [each.statement for each in found]


def hold(statements: Sequence[bytes], handling: Handling, counts: Counter[str]) -> None:
    """Hold checked statements to the profiles of a handling: count which are broken, or raise :class:`lrs.errors.InvalidStatement`."""
    if not handling.profiles:
        return
    for index, statement in enumerate(statements):
        for name, mode, broken in profiles.breaches(statement, handling.profiles):
            if mode == profiles.STRICT:
                rule = f"{broken.rule}: the profile {name} asks for it"
                raise InvalidStatement(rule, path=broken.place, section=broken.section, index=index)
            counts[f"outside {name}"] += 1


def checked(handling: Handling) -> Handling:
    """Give a handling in its one spelling; raises :class:`lrs.errors.ConfigurationError` for a rule that there is not."""
    if not 0 <= handling.quarantine_days <= _LONGEST:
        raise ConfigurationError(f"a quarantine lasts 1 to {_LONGEST} days, or 0 for none")
    return Handling(check_names(handling.repairs), profiles.check_names(handling.profiles), handling.quarantine_days)
