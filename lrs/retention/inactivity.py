"""People of whom nothing is heard any more: who is to be warned, and who is forgotten (GDPR art. 5(1)(e)).

Where the policy says nothing of inactivity, people are forgotten as soon as no statement and no document of theirs is left. Where it does, they
stay until they were not seen for that long, and were warned, and have not come back since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.privacy.consent.entry import is_hidden
from lrs.retention import months
from lrs.storage.contract import EVERY_PURPOSE, ConsentRow, Leaving

if TYPE_CHECKING:
    from lrs.retention.desk import Desk

_AT_ONCE = 5000
_NOTICE_DAYS = 30
"""Where the policy says nothing of inactivity."""
_SIGN, _RANGE = 1 << 63, 1 << 64


class Warned(msgspec.Struct, frozen=True):
    """Somebody to be warned: the identifiers and names that came of them, and the month (yyyymm) in which they were seen last."""

    mbox: str
    account: str
    home_page: str
    other: str
    name: str
    last_seen: int

    def __repr__(self) -> str:
        return "Warned(...)"


def to_warn(desk: Desk) -> Iterator[tuple[list[int], list[Warned]]]:
    """Give those who have to be warned now, page by page -> (their numbers, those of them who are people)."""
    inactivity = desk.force.policy.inactivity
    if inactivity is None:
        return
    through = months.seen_through(desk.clock(), inactivity.warn_days)
    reserved, after = desk.reserved, None
    while found := desk.vault.unwarned(desk.tenant, seen_through=through, after=after, limit=_AT_ONCE):
        after = found[-1][0]
        people = [(sid, month) for sid, month in found if sid != reserved]
        known = [_warned(desk.revealer.spellings(sid), month) for sid, month in people]
        # Software that wrote statements has nobody to be warned.
        yield [sid for sid, _ in people], [each for each in known if each is not None and each.home_page != desk.settings.home_page]


def letting_go(desk: Desk, now: int) -> Iterator[tuple[str, int]]:
    """Forget who may be forgotten -> (what, how many), page by page."""
    unmet = months.unmet_since(now)
    inactivity = desk.force.policy.inactivity
    if inactivity is None:
        # What somebody said of consent may be about statements that are still to come, as long as one would be kept.
        longest = desk.force.retention(()).statement_days
        spoken = 0 if longest is None else months.seen_through(now, longest)
        yield from _let_go(desk, Leaving(met_before=unmet, spoken_through=spoken), _without_anything(desk))
        return
    warned = now - inactivity.notice_days * months.DAY
    seen = months.seen_through(now, inactivity.days)
    yield from _let_go(desk, Leaving(met_before=unmet, seen_through=seen, warned_through=warned, documents=True), lambda page: page)


def letting_go_listed(desk: Desk, now: int, sids: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Forget people whom somebody else found inactive, if they were noted as warned long enough ago and were not seen since -> (what, how many)."""
    inactivity = desk.force.policy.inactivity
    notice = _NOTICE_DAYS if inactivity is None else inactivity.notice_days
    warned = now - notice * months.DAY
    yield from _leave(desk, sids, Leaving(met_before=months.unmet_since(now), warned_through=warned, documents=True))


def _let_go(desk: Desk, leaving: Leaving, choose: Callable[[Sequence[int]], Sequence[int]]) -> Iterator[tuple[str, int]]:
    reserved, after = desk.reserved, None
    while page := desk.vault.leaving(desk.tenant, leaving, after=after, limit=_AT_ONCE):
        after = page[-1]
        yield from _leave(desk, [sid for sid in choose(page) if sid != reserved], leaving)


def _leave(desk: Desk, sids: Sequence[int], leaving: Leaving) -> Iterator[tuple[str, int]]:
    free = _unrestricted(desk, sids) if sids else []
    people, documents = desk.vault.leave(desk.tenant, free, leaving) if free else (0, 0)
    yield "document", documents
    yield "person", people


def _unrestricted(desk: Desk, sids: Sequence[int]) -> list[int]:
    """Leave out who had what is kept of them restricted: it may not be deleted against their will (GDPR art. 18(1)(b), (c))."""
    persons = desk.vault.persons(desk.tenant, sids)
    said: dict[int, list[ConsentRow]] = {}
    for row in desk.vault.consents(desk.tenant, frozenset().union(*persons.values())):
        if row.purpose == EVERY_PURPOSE:
            said.setdefault(row.sid, []).append(row)
    return [sid for sid in sids if not is_hidden(sorted((row for one in persons[sid] for row in said.get(one, ())), key=_order))]


def _order(row: ConsentRow) -> tuple[int, int]:
    return row.at, row.number


def _without_anything(desk: Desk) -> Callable[[Sequence[int]], Sequence[int]]:
    """Of a page of people, choose those who stand in no statement."""

    def choose(page: Sequence[int]) -> Sequence[int]:
        living = desk.endings.living(desk.tenant, _signed(page[0]), _signed(page[-1]))
        return [sid for sid in page if sid not in living]

    return choose


def _signed(sid: int) -> int:
    return sid - _RANGE if sid >= _SIGN else sid


def _warned(spellings: Sequence[bytes], month: int) -> Warned | None:
    """Gather what is known of somebody, the newest of each."""
    said: dict[str, str] = {}
    for spelling in spellings:
        agent: dict[str, Any] = msgspec.json.decode(spelling)
        account = agent.pop("account", {})
        said |= {key: str(value) for key, value in (agent | account_of(account)).items()}
    if not said:
        return None
    other = said.get("openid") or said.get("mbox_sha1sum", "")
    return Warned(said.get("mbox", ""), said.get("account", ""), said.get("home_page", ""), other, said.get("name", ""), month)


def account_of(account: dict[str, str]) -> dict[str, str]:
    """Give an account's two parts under names of their own."""
    return {"account": account["name"], "home_page": account["homePage"]} if account else {}
