"""Whose bearer tokens are taken, and as whom."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from lrs.access import Principal, Scope, View
from lrs.crypto.keyring import Keyring
from lrs.errors import ConfigurationError, IssuerUnavailable, NotAuthenticated
from lrs.oidc.bearer import Bearers
from lrs.oidc.issuer import Issuer
from lrs.settings import Settings, load
from tests.access.issuer import AUDIENCE, CLIENT, USER, TestIssuer, jwk, private_key


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running() -> Iterator[TestIssuer]:
    issuer = TestIssuer()
    yield issuer
    issuer.stop()


@pytest.fixture
def issuer(running: TestIssuer) -> TestIssuer:
    """The issuer as it is in the beginning."""
    running.up = True
    running.say("/.well-known/openid-configuration", running.configuration())
    running.rotate("one")
    running.asked.clear()
    return running


@pytest.fixture
def clock() -> Clock:
    return Clock()


KEYS = Keyring.generate("default", "lyon")


@pytest.fixture
def bearers(issuer: TestIssuer, clock: Clock) -> Callable[..., Bearers]:
    """Make a reader of tokens, of some settings."""

    def make(**settings: Any) -> Bearers:
        chosen = {"oidc_issuer": issuer.address, "oidc_audience": AUDIENCE, "oidc_view": "identified"} | settings
        return Bearers(Settings(**chosen), keys=KEYS.tenant, issuer=Issuer(issuer.address, clock=clock))

    return make


def refused(room: Bearers, token: str) -> str:
    with pytest.raises(NotAuthenticated) as refusal:
        room.principal(token)
    for secret in (USER, CLIENT, *([token] if len(token) > 3 else ())):
        assert secret not in str(refusal.value) + str(refusal.value.__cause__) + refusal.value.hint
    return refusal.value.message


def test_a_token_is_taken_for_what_it_says(issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """Scopes from the token, tenant and view from the settings, the authority of application and user."""
    principal = bearers().principal(issuer.token(scope="openid statements/write state email"))
    assert principal.scopes == {Scope.STATEMENTS_WRITE, Scope.STATE}
    assert (principal.tenant, principal.view, principal.shown) == ("default", View.IDENTIFIED, "bearer")
    assert json.loads(principal.authority) == {
        "objectType": "Group",
        "member": [
            {"objectType": "Agent", "account": {"homePage": issuer.token_endpoint, "name": CLIENT}},
            {"objectType": "Agent", "account": {"homePage": issuer.address, "name": USER}},
        ],
    }
    assert USER not in repr(principal) + principal.credential_id


@pytest.mark.parametrize("claims", [{"sub": None}, {"sub": CLIENT}, {"sub": None, "client_id": None, "azp": CLIENT}])
def test_an_application_on_its_own_is_an_agent(claims: dict[str, Any], issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """Client credentials: nobody stands behind them (xAPI 1.0.3 Data 2.4.9, RFC 9068 2.2)."""
    agent = json.loads(bearers().principal(issuer.token(**claims)).authority)
    assert agent == {"objectType": "Agent", "account": {"homePage": issuer.token_endpoint, "name": CLIENT}}


def test_callers_are_told_apart(issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """By application and user together, the same one for each of their tokens."""
    room = bearers()
    tokens = [issuer.token(), issuer.token(sub="other"), issuer.token(client_id="other"), issuer.token(sub=None)]
    ids = [room.principal(each).credential_id for each in tokens]
    assert len(set(ids)) == 4
    assert room.principal(issuer.token(jti="another token")).credential_id == bearers().principal(issuer.token()).credential_id == ids[0]


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("named", [True, False])
def test_every_asymmetric_algorithm_works(algorithm: str, issuer: TestIssuer, bearers: Callable[..., Bearers], *, named: bool) -> None:
    """Whether or not the published key names the algorithm."""
    issuer.publish(jwk(algorithm, "k", **({"alg": algorithm} if named else {})))
    assert bearers().principal(issuer.token(signed_by="k", algorithm=algorithm)).shown == "bearer"


def crooked(issuer: TestIssuer, header: dict[str, Any], signature: Callable[[bytes], bytes]) -> str:
    """Put a token together by hand."""
    claims = jwt.decode(issuer.token(scope="all"), options={"verify_signature": False})
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signed = b".".join(parts)
    return (signed + b"." + base64.urlsafe_b64encode(signature(signed)).rstrip(b"=")).decode()


def confused(key: bytes) -> Callable[[bytes], bytes]:
    return lambda text: hmac.digest(key, text, hashlib.sha256)


def pem() -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return private_key("RS256", "one").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


NOW = int(time.time())
WRONG: dict[str, Callable[[TestIssuer], str]] = {
    "nothing": lambda _: "",
    "no token": lambda _: "b",
    "dots": lambda _: "..",
    "not ascii": lambda _: "é.é.é",
    "much too long": lambda issuer: issuer.token(more="x" * 20_000),
    "another audience": lambda issuer: issuer.token(aud="https://other.example.fr"),
    "no audience": lambda issuer: issuer.token(aud=None),
    "a longer audience": lambda issuer: issuer.token(aud=AUDIENCE + "/more"),
    "another issuer": lambda issuer: issuer.token(iss="https://other.example.fr"),
    "an issuer with a slash more": lambda issuer: issuer.token(iss=issuer.address + "/"),
    "no issuer": lambda issuer: issuer.token(iss=None),
    "expired": lambda issuer: issuer.token(exp=NOW - 60),
    "no expiry": lambda issuer: issuer.token(exp=None),
    "not yet": lambda issuer: issuer.token(nbf=NOW + 86400),
    "issued tomorrow": lambda issuer: issuer.token(iat=NOW + 86400),
    "no application": lambda issuer: issuer.token(client_id=None),
    "an application that is no text": lambda issuer: issuer.token(client_id=["a"]),
    "a user who is no text": lambda issuer: crooked_claims(issuer, sub=5),
    "another key under the same id": lambda issuer: issuer.token(signed_by="two", headers={"kid": "one"}),
    "a key that is not published": lambda issuer: issuer.token(signed_by="two"),
    "another type of key": lambda issuer: issuer.token(algorithm="ES256", signed_by="e", headers={"kid": "one"}),
    "no signature": lambda issuer: crooked(issuer, {"alg": "none"}, lambda _: b""),
    "no signature, in capitals": lambda issuer: crooked(issuer, {"alg": "NONE", "kid": "one"}, lambda _: b""),
    "no algorithm": lambda issuer: crooked(issuer, {"kid": "one"}, lambda _: b""),
    "an empty signature": lambda issuer: crooked(issuer, {"alg": "RS256", "kid": "one"}, lambda _: b""),
    "the public key as a secret": lambda issuer: crooked(issuer, {"alg": "HS256", "kid": "one"}, confused(pem())),
    "an empty secret": lambda issuer: crooked(issuer, {"alg": "HS256", "kid": "one"}, confused(b"")),
    "a critical header that nobody knows": lambda issuer: issuer.token(headers={"crit": ["x"], "x": 1}),
    "a key in its own header": lambda issuer: issuer.token(signed_by="two", headers={"kid": "two", "jwk": jwk("RS256", "two")}),
    "a changed claim": lambda issuer: changed(issuer.token()),
}


def crooked_claims(issuer: TestIssuer, **claims: Any) -> str:
    """Issue what a careful library would not."""
    body = jwt.decode(issuer.token(), options={"verify_signature": False}) | claims
    return jwt.api_jws.encode(json.dumps(body).encode(), private_key("RS256", "one"), "RS256", {"kid": "one"})


def changed(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "==")) | {"scope": "all"}
    return ".".join((head, base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode(), signature))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_token_is_refused(wrong: str, issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """In words that quote nothing of it; the right one is taken by the same reader."""
    room = bearers()
    assert refused(room, WRONG[wrong](issuer))
    assert room.principal(issuer.token()).tenant == "default"


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
def test_only_allowed_algorithms_and_fit_keys_check_tokens(issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """Not those that the operator left out, nor a key that is for something else, too short, symmetric or private."""
    assert "allowed" in refused(bearers(oidc_algorithms=("ES256",)), issuer.token())
    issuer.publish(jwk("RS256", "one", alg="RS512"))
    assert "another algorithm" in refused(bearers(), issuer.token())
    issuer.publish(jwk("RS256", "one", use="enc"), jwk("RS256", "two"))
    refused(bearers(), issuer.token())
    issuer.publish(jwk("RS256", "short"))
    refused(bearers(), issuer.token(signed_by="short"))
    issuer.publish({"kty": "oct", "kid": "one", "k": base64.urlsafe_b64encode(b"x" * 32).decode()})
    with pytest.raises(IssuerUnavailable):
        bearers().principal(crooked(issuer, {"alg": "HS256", "kid": "one"}, confused(b"x" * 32)))


def test_a_clock_may_be_a_little_wrong(issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """By seconds, not by minutes."""
    now = int(time.time())
    room = bearers()
    room.principal(issuer.token(exp=now - 10))
    room.principal(issuer.token(nbf=now + 10, iat=now + 10))


def test_a_token_without_a_key_id_works_where_there_is_one_key(issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """With two keys it names neither."""
    token = jwt.encode(jwt.decode(issuer.token(), options={"verify_signature": False}), private_key("RS256", "one"), "RS256")
    bearers().principal(token)
    issuer.rotate("one", "two")
    refused(bearers(), token)


@pytest.mark.parametrize(
    ("settings", "claims", "scopes"),
    [
        ({}, {}, set()),
        ({}, {"scope": "statements/writes Statements/Write all/"}, set()),
        ({}, {"scp": "statements/read profile"}, {Scope.STATEMENTS_READ, Scope.PROFILE}),
        ({}, {"scp": ["define", 5], "scopes": ["all/read"], "scope": None}, {Scope.DEFINE, Scope.ALL_READ}),
        ({}, {"scope": {"all": True}}, set()),
        ({"oidc_scopes": ("lrs.write=statements/write", "lrs.all=all")}, {"scope": "lrs.write all"}, {Scope.STATEMENTS_WRITE}),
    ],
)
def test_scopes(settings: dict[str, Any], claims: dict[str, Any], scopes: set[Scope], issuer: TestIssuer, bearers: Any) -> None:
    """What is mapped is granted, whatever else a token carries is not."""
    assert bearers(**settings).principal(issuer.token(**claims)).scopes == scopes


def test_tenant_and_view_may_come_from_claims(issuer: TestIssuer, bearers: Callable[..., Bearers]) -> None:
    """The tenant then from every token, and only one that exists; the view from those that name one."""
    room = bearers(oidc_tenant_claim="school", oidc_view_claim="view", oidc_view="aggregate")
    by_claim = room.principal(issuer.token(school="lyon", view="pseudonymous"))
    assert (by_claim.tenant, by_claim.view) == ("lyon", View.PSEUDONYMOUS)
    assert room.principal(issuer.token(school="lyon")).view is View.AGGREGATE
    for wrong in (
        {},
        {"school": "paris"},
        {"school": ["lyon"]},
        {"school": "lyon", "view": "all"},
        {"school": "lyon", "view": ["identified"]},
    ):
        refused(room, issuer.token(**wrong))
    assert bearers(oidc_tenant="lyon").principal(issuer.token(school="default")).tenant == "lyon"


def test_a_rotated_key_is_found(issuer: TestIssuer, bearers: Callable[..., Bearers], clock: Clock) -> None:
    """A token that names an unknown key makes the store ask again, and not more often than every ten seconds."""
    room = bearers()
    room.principal(issuer.token())
    assert len(issuer.asked) == 2
    issuer.rotate("two")
    for _ in range(5):
        refused(room, issuer.token(signed_by="two"))
    assert len(issuer.asked) == 2
    clock.now += 11
    room.principal(issuer.token(signed_by="two"))
    refused(room, issuer.token(signed_by="one", jti="fresh"))
    assert len(issuer.asked) == 4


def test_a_withdrawn_key_is_forgotten(issuer: TestIssuer, bearers: Callable[..., Bearers], clock: Clock) -> None:
    """After five minutes, without any token that names another key."""
    room = bearers()
    room.principal(issuer.token())
    issuer.rotate("two")
    clock.now += 301
    refused(room, issuer.token(jti="fresh"))


def test_an_issuer_that_is_down_is_missed_only_after_an_hour(issuer: TestIssuer, bearers: Callable[..., Bearers], clock: Clock) -> None:
    """Its keys are good for so long; then it says so, and asks again seconds later."""
    room = bearers()
    room.principal(issuer.token())
    issuer.up = False
    clock.now += 3599
    room.principal(issuer.token(jti="fresh"))
    with pytest.raises(IssuerUnavailable):
        room.principal(issuer.token(signed_by="two"))
    clock.now += 2
    with pytest.raises(IssuerUnavailable) as missed:
        room.principal(issuer.token(jti="fresher"))
    assert missed.value.retryable
    issuer.up = True
    with pytest.raises(IssuerUnavailable, match="a moment ago"):
        room.principal(issuer.token(jti="fresher"))
    clock.now += 11
    room.principal(issuer.token(jti="fresher"))


def test_an_issuer_is_only_what_it_says_it_is(
    issuer: TestIssuer, bearers: Callable[..., Bearers], caplog: pytest.LogCaptureFixture
) -> None:
    """Another name, keys over plain HTTP, a redirect, no keys, no JSON, too much of it: none of that is followed, and the log says what was wrong."""
    place = "/.well-known/openid-configuration"
    for wrong, reason in (
        (issuer.configuration(issuer="https://other.example.fr"), "another one"),
        (issuer.configuration(jwks_uri="http://keys.example.fr/"), "https"),
        (issuer.configuration(jwks_uri="file:///etc/passwd"), "https"),
        (issuer.configuration(jwks_uri=None), "https"),
        (issuer.configuration(jwks_uri=issuer.address + "/nowhere"), "HTTPError"),
        ([], "another one"),
        ({"more": "x" * 600_000}, "too much"),
    ):
        issuer.say(place, wrong)
        with caplog.at_level(logging.WARNING), pytest.raises(IssuerUnavailable, match=reason):
            bearers().principal(issuer.token())
    assert len(caplog.records) == 7
    issuer.say("/elsewhere", issuer.configuration())
    issuer.say(place, issuer.address + "/elsewhere", status=302)
    with pytest.raises(IssuerUnavailable):
        bearers().principal(issuer.token())
    assert issuer.asked[-1].endswith(place)
    assert USER not in caplog.text


def test_a_known_token_costs_next_to_nothing_until_it_expires(issuer: TestIssuer) -> None:
    """It is remembered for a minute or until its end, whichever comes first."""
    start = int(time.time())
    now = [float(start)]
    settings = Settings(oidc_issuer=issuer.address, oidc_audience=AUDIENCE, oidc_view="identified")
    room = Bearers(settings, keys=KEYS.tenant, clock=lambda: now[0])
    short, long = issuer.token(exp=start + 20), issuer.token(exp=start + 500)
    first: dict[str, Principal] = {token: room.principal(token) for token in (short, long)}
    for passed, remembered in ((19, {short, long}), (21, {long}), (59, {long}), (61, set())):
        now[0] = start + passed
        known = {token for token, (until, _) in zip(first, room._known.values(), strict=True) if until > now[0]}
        assert known == remembered
    now[0] = start
    assert room.principal(long) is first[long]
    assert not any(text.encode() in digest for digest in room._known for text in (short, long, USER))


def test_settings_that_would_let_in_too_much_are_refused() -> None:
    """Plain HTTP, no audience, no view, symmetric algorithms, unknown scopes."""
    good = {"oidc_issuer": "https://idp.example.fr", "oidc_audience": "lrs", "oidc_view": "identified"}
    assert load(environ={"LRS_OIDC_SCOPES": "a=all, b=state"}, **good).oidc_scopes == ("a=all", "b=state")
    for wrong in (
        {"oidc_issuer": "http://idp.example.fr"},
        {"oidc_issuer": "http://127.0.0.1.example.fr"},
        {"oidc_audience": None},
        {"oidc_view": None},
        {"oidc_view": "all"},
        {"oidc_algorithms": ("RS256", "HS256")},
        {"oidc_algorithms": ("none",)},
        {"oidc_algorithms": ()},
    ):
        with pytest.raises((ConfigurationError, ValueError)):
            Settings(**(good | wrong))
    for wrong_scopes in (("all",), ("x=everything",), ("=all",)):
        with pytest.raises(ConfigurationError):
            Bearers(Settings(**good, oidc_scopes=wrong_scopes), keys=KEYS.tenant)
