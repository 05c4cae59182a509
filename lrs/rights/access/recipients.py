"""Why a person's data is kept, for how long, and who is given it: what the policy says, and the targets of forwarding (GDPR art. 15(1))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrs.exchange.forward import Standing
    from lrs.privacy.policy.model import Policy


def processing(policy: Policy) -> dict[str, Any]:
    """Say for what the data is processed, and how long it is kept."""
    said = ("id", "title", "legal_basis", "audiences", "view", "retention", "recipients")
    purposes = [{name: value for name, value in msgspec.to_builtins(each).items() if name in said} for each in policy.purposes]
    return {
        "policy": policy.digest,
        "title": msgspec.to_builtins(policy.title),
        "purposes": purposes,
        "automated_decisions": False,
        "source": "the platforms that send statements",
    }


def recipients(policy: Policy, targets: Sequence[Standing]) -> dict[str, Any]:
    """Say who processes or receives the data. A target is named by its host: its address may hold a secret."""
    return {"parties": msgspec.to_builtins(policy.parties), "targets": [_target(each) for each in targets]}


def _target(standing: Standing) -> dict[str, Any]:
    target = standing.target
    return {
        "name": target.name,
        "host": urlsplit(target.url).hostname or "",
        "view": target.view.value,
        "purpose": target.purpose,
        "given_through": None if standing.through is None else format_timestamp(standing.through),
    }
