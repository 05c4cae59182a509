"""The page that a person reads first: what is kept, why, who has it, and what the other files are. HTML that loads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from lrs.rights.access import words
from lrs.rights.access.words import LANGUAGES, Words
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.rights.access.summary import Summary

_DAY = len("2026-11-25")
_STYLE = "body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}td{padding:.1rem 1rem .1rem 0;vertical-align:top}"
_AGENT = ("name", "mbox", "mbox_sha1sum", "openid", "account")
Say = Callable[[Words], str]
"""A text -> that text in the language of the page."""


class Told(NamedTuple):
    """What the page is made of: ``processing`` and ``recipients`` are what the files of these names hold."""

    summary: Summary
    spellings: Sequence[bytes]
    processing: dict[str, Any]
    recipients: dict[str, Any]
    at: int


def page(told: Told, language: str) -> bytes:
    """Write the page in a language."""
    at = LANGUAGES.index(language)

    def say(text: Words) -> str:
        return text[at]

    title = escape(say(words.TITLE))
    parts = [_introduction(told, say), *(section(told, say) for section in _SECTIONS)]
    head = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f"{head}<h1>{title}</h1>{''.join(parts)}</html>\n".encode()


def _introduction(told: Told, say: Say) -> str:
    return _paragraph(say(words.INTRODUCTION).format(day=format_timestamp(told.at)[:_DAY]))


def _who(told: Told, say: Say) -> str:
    return _heading(say(words.WHO)) + _list(dict.fromkeys(_named(spelling) for spelling in told.spellings))


def _what(told: Told, say: Say) -> str:
    summary = told.summary
    rows = [(say(text), summary.numbers[name]) for name, text in words.NUMBERS.items()]
    tables: list[tuple[Words, Sequence[Sequence[object]]]] = [
        (words.BY_ROLE, [(say(words.place_words(place)), count) for place, count in summary.most(summary.places)]),
        (words.BY_VERB, [(iri.rstrip("/").rpartition("/")[2], iri, count) for iri, count in summary.most(summary.verbs)]),
        (words.BY_ACTIVITY, summary.most(summary.activities)),
        (words.BY_MONTH, sorted(summary.months.items())),
    ]
    period = say(words.WHEN).format(first=summary.first[:_DAY], last=summary.last[:_DAY]) if summary.first else ""
    return (
        _heading(say(words.WHAT))
        + _paragraph(period)
        + _table(rows)
        + "".join(f"<h3>{escape(say(name))}</h3>{_table(found)}" for name, found in tables if found)
    )


def _why(told: Told, say: Say) -> str:
    return _heading(say(words.WHY)) + _list(_purpose(each, say) for each in told.processing["purposes"])


def _purpose(purpose: dict[str, Any], say: Say) -> str:
    kept = purpose["retention"]
    return say(words.PURPOSE).format(
        title=say(Words(**purpose["title"])),
        basis=say(words.BASES[purpose["legal_basis"] or ""]),
        identity=_days(kept.get("identity_days"), words.IDENTITY_DAYS, words.IDENTITY_UNLIMITED, say),
        statement=_days(kept.get("statement_days"), words.STATEMENT_DAYS, words.STATEMENT_UNLIMITED, say),
    )


def _days(days: int | None, limited: Words, unlimited: Words, say: Say) -> str:
    return say(unlimited) if days is None else say(limited).format(days=days)


def _who_has_it(told: Told, say: Say) -> str:
    parties = [f"{each['name']} ({each['location']}) : {say(words.PARTIES[each['role']])}" for each in told.recipients["parties"]]
    targets = [
        say(words.TARGET).format(name=each["name"], host=each["host"], view=say(words.VIEWS[each["view"]]))
        for each in told.recipients["targets"]
    ]
    return _heading(say(words.RECIPIENTS)) + _list([*parties, *targets] or [say(words.NOBODY)])


def _files(_told: Told, say: Say) -> str:
    return _heading(say(words.FILES)) + _table((name, say(text)) for name, text in words.FILE_TEXTS.items())


def _limits(_told: Told, say: Say) -> str:
    return _heading(say(words.LIMITS)) + _list(say(text) for text in words.LIMIT_TEXTS.values())


def _rights(_told: Told, say: Say) -> str:
    return _heading(say(words.RIGHTS)) + _paragraph(say(words.RIGHTS_TEXT))


_SECTIONS = (_who, _what, _why, _who_has_it, _files, _limits, _rights)


def _named(spelling: bytes) -> str:
    found = msgspec.json.decode(spelling)
    account = found.get("account")
    shown = {**found, "account": f"{account['name']} ({account['homePage']})"} if account else found
    return ", ".join(str(shown[key]).removeprefix("mailto:") for key in _AGENT if key in shown)


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def _table(rows: Iterable[Sequence[object]]) -> str:
    return f"<table>{''.join('<tr>' + ''.join(f'<td>{escape(str(cell))}</td>' for cell in row) + '</tr>' for row in rows)}</table>"
