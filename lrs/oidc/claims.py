"""What the claims of a checked token say about who sent it. Pure; nothing of a claim is ever quoted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lrs.access import Scope, View, scopes_from
from lrs.errors import ConfigurationError, NotAuthenticated
from lrs.settings import Settings

Claims = Mapping[str, Any]

_SCOPES = ("scope", "scp", "scopes")
"""Where issuers write scopes: RFC 8693 4.2 names the first, as one text; the others are widespread, as a text or a list."""


def known_scopes(settings: Settings) -> dict[str, Scope]:
    """Give the issuer's names of scopes -> ours, as the setting ``oidc_scopes`` maps them; without it they are the same names."""
    if not settings.oidc_scopes:
        return {scope.value: scope for scope in Scope}
    pairs = [entry.rpartition("=") for entry in settings.oidc_scopes]
    if not all(theirs for theirs, _, _ in pairs):
        raise ConfigurationError("the setting oidc_scopes takes a list of theirs=ours")
    return {theirs.strip(): next(iter(scopes_from((ours.strip(),)))) for theirs, _, ours in pairs}


def scopes_of(claims: Claims, known: Mapping[str, Scope]) -> frozenset[Scope]:
    """Give our scopes among those that a token carries; others grant nothing."""
    return frozenset(known[name] for claim in _SCOPES for name in _names(claims.get(claim)) if name in known)


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def tenant_of(claims: Claims, settings: Settings) -> str:
    """Give the tenant that a token is for: the claim's where the settings name one, and then every token must have it."""
    if settings.oidc_tenant_claim is None:
        return settings.oidc_tenant or settings.tenant
    tenant = _text(claims, settings.oidc_tenant_claim)
    if tenant is None:
        raise NotAuthenticated("the token names no tenant")
    return tenant


def view_of(claims: Claims, settings: Settings) -> View:
    """Give the view through which the bearer sees people: the claim's where there is one, else the setting's."""
    named = claims.get(settings.oidc_view_claim, settings.oidc_view) if settings.oidc_view_claim else settings.oidc_view
    if named not in list(View):
        raise NotAuthenticated("the token names no view that is known here")
    return View(str(named))


def authority_of(claims: Claims, settings: Settings, token_endpoint: str) -> bytes:
    """Give the authority of what is written with a token (xAPI 1.0.3 Data 2.4.9).

    The application is an account at the issuer's token endpoint. Where a user stands behind the token, it is a Group of that application and the
    user's account at the issuer; where ``sub`` is the application itself, or absent, nobody does (RFC 9068 2.2).
    """
    client = next((text for claim in settings.oidc_client_claims if (text := _text(claims, claim))), None)
    if client is None:
        raise NotAuthenticated("the token names no application")
    application = _account(token_endpoint, client)
    user = _text(claims, "sub")
    if user in (None, client):
        return msgspec.json.encode(application)
    return msgspec.json.encode({"objectType": "Group", "member": [application, _account(str(settings.oidc_issuer), user)]})


def _account(home_page: str, name: str | None) -> dict[str, Any]:
    return {"objectType": "Agent", "account": {"homePage": home_page, "name": name}}


def _text(claims: Claims, name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
