"""Discussions, teams and cohorts: who did what, never what they wrote."""

from __future__ import annotations

import re
from collections.abc import Callable

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, activity, course, nothing, present
from lrs.sources.edx.vocabulary import (
    CREATED,
    DELETED,
    DISCUSSION,
    EDITED,
    FOLLOWED,
    GROUP,
    INTERACTED,
    JOINED,
    LEFT,
    POSTED,
    REPORTED,
    SEARCHED,
    TYPE,
    UNFOLLOWED,
    UNREPORTED,
    VIEWED,
    VOTED,
    Verb,
)

_PARTS = re.compile(r"edx\.forum\.(thread|response|comment)\.")


def post(event: Event) -> str:
    """Name a post: `HOME/api/discussion/v1/threads/ID`, `comments` for answers; by its page where the event tells it."""
    identifier = event.needed("id")
    path = (event.context.path or "").rstrip("/").replace(identifier, "").rstrip("/")
    return event.address(f"{event.platform.home}{path or _api(event.kind)}/{identifier}", "event.id")


def _api(kind: str) -> str:
    part = _PARTS.match(kind)
    return "/api/discussion/v1/" + ("threads" if part and part[1] == "thread" else "comments")


def forum(event: Event) -> str:
    """Name the discussions of a course: `HOME/course/COURSE/discussion`."""
    return f"{course(event)}/discussion"


def team(event: Event) -> str:
    """Name a team: `HOME/api/team/v0/teams/TEAM_ID`."""
    return event.address(f"{event.platform.home}/api/team/v0/teams/{event.needed('team_id')}", "event.team_id")


def teams(event: Event) -> str:
    """Name the teams of a course: `HOME/course/COURSE/teams`."""
    return f"{course(event)}/teams"


def cohort(event: Event) -> str:
    """Name a cohort of a course: `HOME/course/COURSE/cohort/COHORT_ID`."""
    return f"{course(event)}/cohort/{event.needed('cohort_id')}"


def _thread_type(event: Event) -> Part:
    return present({TYPE: event.words("thread_type")})


def _vote(event: Event) -> Part:
    return present({TYPE: event.words("vote_value")})


def _thread(event: Event) -> Part:
    """Group answers by the thread that they belong to."""
    thread = event.data.get("discussion")
    identifier = thread.get("id") if isinstance(thread, dict) else None
    if not isinstance(identifier, str) or not identifier:
        return {}
    address = event.address(f"{event.platform.home}/api/discussion/v1/threads/{identifier}", "event.discussion.id")
    return {"grouping": [activity(address, DISCUSSION, {})]}


def _rule(verb: Verb, extensions: Callable[[Event], Part] = nothing, *, published: bool = True) -> Rule:
    return Rule(verb, DISCUSSION, post, extensions=extensions, grouping=_thread, published=published)


_SHARED = {"edited": EDITED, "deleted": DELETED, "reported": REPORTED, "unreported": UNREPORTED}
_THREAD = {
    "followed": FOLLOWED,
    "unfollowed": UNFOLLOWED,
    "locked": INTERACTED,
    "unlocked": INTERACTED,
    "pinned": INTERACTED,
    "unpinned": INTERACTED,
}
_TEAM = {"created": CREATED, "changed": EDITED, "deleted": DELETED, "learner_added": JOINED, "learner_removed": LEFT}

EVENTS = {
    **{f"edx.forum.{part}.{done}": _rule(verb) for part in ("thread", "response", "comment") for done, verb in _SHARED.items()},
    "edx.forum.thread.created": _rule(POSTED, _thread_type),
    "edx.forum.response.created": _rule(POSTED),
    "edx.forum.comment.created": _rule(POSTED),
    "edx.forum.thread.viewed": _rule(VIEWED),
    "edx.forum.thread.voted": _rule(VOTED, _vote),
    "edx.forum.response.voted": _rule(VOTED, _vote),
    **{f"edx.forum.thread.{done}": _rule(verb, published=False) for done, verb in _THREAD.items()},
    "edx.forum.response.mark": _rule(INTERACTED, published=False),
    "edx.forum.response.unmark": _rule(INTERACTED, published=False),
    "edx.forum.searched": Rule(SEARCHED, DISCUSSION, forum),
    **{f"edx.team.{done}": Rule(verb, GROUP, team) for done, verb in _TEAM.items()},
    "edx.cohort.created": Rule(CREATED, GROUP, cohort),
    "edx.cohort.user_added": Rule(JOINED, GROUP, cohort),
    "edx.cohort.user_removed": Rule(LEFT, GROUP, cohort),
    "edx.team.activity_updated": Rule(INTERACTED, GROUP, team),
    "edx.team.page_viewed": Rule(VIEWED, GROUP, teams),
    "edx.team.searched": Rule(SEARCHED, GROUP, teams),
}
