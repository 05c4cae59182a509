"""Named repairs of statements that some emitters are known to get wrong, each switched on for a credential.

A rule is pure: the JSON of one statement that was not checked yet -> the JSON that is checked. What it does not recognise it leaves alone, byte for byte, so
that a rule which does nothing was not needed. Each rule's docstring says what it mends, and shows a part of a statement before and after.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from lrs.errors import ConfigurationError
from lrs.sources.repair import bigbluebutton, iri, marsha, moodle, pod
from lrs.sources.repair.rule import Opaque, Rule
from lrs.xapi import fields

__all__ = ["MISSING_VERSION", "RULES", "Opaque", "Repaired", "Rule", "check_names", "repaired"]

MISSING_VERSION = "pod-missing-version"
"""The rule about a request, not about its statements: see :func:`lrs.sources.repair.pod.missing_version`."""
RULES: dict[str, Rule] = {
    "host-as-home-page": iri.host_as_home_page,
    "marsha-mbox-in-account": marsha.mbox_in_account,
    "moodle-kind-in-list": moodle.kind_in_list,
    "moodle-language-code": moodle.language_code,
    "non-iri-parent": iri.non_iri_parent,
    MISSING_VERSION: pod.missing_version,
    "pod-numbers-as-text": pod.numbers_as_text,
    "bbb-display-name": bigbluebutton.display_name,
    "bbb-named-activity": bigbluebutton.named_activity,
    "bbb-verb-as-text": bigbluebutton.verb_as_text,
    "bbb-number-as-time": bigbluebutton.number_as_time,
    "bbb-no-id": bigbluebutton.no_id,
}
"""The rules there are, in the order in which they are applied."""


class Repaired(msgspec.Struct, frozen=True):
    """A statement as it is checked, and the names of the rules that changed it."""

    statement: bytes
    rules: tuple[str, ...]


def repaired(statement: bytes, names: Iterable[str], opaque: Opaque) -> Repaired:
    """Apply rules to the JSON of one statement, in the order of :data:`RULES`."""
    wanted, left, applied = frozenset(names), statement, []
    for name, rule in RULES.items():
        if name in wanted:
            changed = rule(left, opaque)
            if changed != left:
                applied.append(name)
            left = changed
    if applied and _has_duplicates(statement):
        # Written anew, the statement would have lost what it is refused for.
        return Repaired(statement, ())
    return Repaired(left, tuple(applied))


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Give the names of rules sorted, each once; raises :class:`lrs.errors.ConfigurationError` for one that there is not."""
    wanted = set(names)
    if not wanted.issubset(RULES):
        raise ConfigurationError("there is no such repair", hint=f"The repairs are: {', '.join(RULES)}.")
    return tuple(sorted(wanted))


def _has_duplicates(statement: bytes) -> bool:
    try:
        fields.refuse_duplicates(statement, "$")
    except fields.Refusal:
        return True
    return False
