"""Policy files: where they are, and how they become a :class:`Policy`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from lrs.errors import ConfigurationError
from lrs.privacy.policy.faults import faults
from lrs.privacy.policy.model import UNLIMITED, Policy

if TYPE_CHECKING:
    from lrs.settings import Settings

PRESETS = ("fun-mooc", "campus", "corporate", "on-premise", "research")
_HINT = "docs/reference/policy.md lists the keys; `lrs policy check` names all that is wrong."


def path_of(settings: Settings, tenant: str) -> Path:
    """Say where the policy of a tenant stands, if it has one."""
    if tenant == settings.tenant:
        return settings.policy or settings.data / "policy.toml"
    # A tenant may be called anything, and a name is no way out of the folder.
    return settings.data / "policies" / f"{quote(tenant, safe='').replace('.', '%2E')}.toml"


def policy_of(settings: Settings, tenant: str) -> Policy:
    """Read the policy of a tenant; :data:`UNLIMITED` where there is no file. Raises :class:`lrs.errors.ConfigurationError`."""
    path = path_of(settings, tenant)
    if not path.exists() and not (settings.policy and tenant == settings.tenant):
        return UNLIMITED
    policy, wrong = examine(path)
    if policy is None or wrong:
        raise ConfigurationError(f"the policy {path}: {wrong[0]}", hint=_HINT)
    return policy


def examine(path: Path) -> tuple[Policy | None, list[str]]:
    """Read a policy file -> (the policy, if it could be read; everything that is wrong with it)."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, [f"can't be read: {type(error).__name__}"]
    return parsed(text)


def parsed(text: str) -> tuple[Policy | None, list[str]]:
    """Read the text of a policy file -> what :func:`examine` gives."""
    try:
        policy = msgspec.convert(tomllib.loads(text), Policy)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        return None, [str(error)]
    return policy, list(faults(policy))


def preset(name: str) -> str:
    """Give the text of a preset's file."""
    if name not in PRESETS:
        raise ConfigurationError("there is no such preset", hint=f"The presets are: {', '.join(PRESETS)}.")
    folder = files("lrs.privacy.policy") / "presets"
    return "\n".join((folder / f"{part}.toml").read_text("utf-8") for part in (name, "classes"))


def presets() -> Iterator[tuple[str, Policy]]:
    """Yield the name and the policy of every preset."""
    for name in PRESETS:
        policy, wrong = parsed(preset(name))
        if policy is None or wrong:
            raise ConfigurationError(f"the preset {name}: {wrong[0]}")
        yield name, policy
