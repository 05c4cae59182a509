"""xAPI profiles that what a credential sends can be held to, over and above the specification: refused or but counted, as the credential says.

A profile looks at the statements that are its own and lets all others be. What is asked of them is data, in the TOML files beside this one, or, for cmi5,
the rules of :mod:`lrs.sources.cmi5` about a single statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from lrs.errors import ConfigurationError
from lrs.sources.profiles.breach import Breach, Profile
from lrs.sources.profiles.cmi5 import breaches as cmi5
from lrs.sources.profiles.template import read

__all__ = ["PROFILES", "REPORT", "STRICT", "Breach", "Profile", "breaches", "check_names", "profile"]

STRICT, REPORT = "strict", "report"
PROFILES = {
    "acrossx": "https://w3id.org/xapi/acrossx",
    "cmi5": "https://w3id.org/xapi/cmi5/context/categories/cmi5",
    "video": "https://w3id.org/xapi/video",
    "virtual-classroom": "https://w3id.org/xapi/virtual-classroom",
}
"""The profiles there are: name -> IRI."""


@cache
def profile(name: str) -> Profile:
    """Give the profile of a name."""
    return cmi5 if name == "cmi5" else read(name)


def breaches(statement: bytes, wanted: Iterable[str]) -> list[tuple[str, str, Breach]]:
    """Hold the checked JSON of one statement to profiles (``video=strict``) -> name, ``strict`` or ``report``, and what it breaks first, of each."""
    found = []
    tree: Mapping[str, Any] = msgspec.json.decode(statement)
    for each in wanted:
        name, _, mode = each.partition("=")
        broken = next(iter(profile(name)(tree)), None)
        if broken is not None:
            found.append((name, mode, broken))
    return found


def check_names(wanted: Iterable[str]) -> tuple[str, ...]:
    """Give profiles and modes sorted; raises :class:`lrs.errors.ConfigurationError` for one that there is not, or that stands there twice."""
    modes: dict[str, str] = {}
    for each in wanted:
        name, _, mode = each.partition("=")
        if name not in PROFILES or mode not in (STRICT, REPORT) or modes.setdefault(name, mode) != mode:
            raise ConfigurationError(
                "a profile is switched on once, as NAME=strict or NAME=report", hint=f"The profiles are: {', '.join(PROFILES)}."
            )
    return tuple(f"{name}={mode}" for name, mode in sorted(modes.items()))
