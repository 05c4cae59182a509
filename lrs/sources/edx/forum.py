"""Discussions and teams: who did what, never what they wrote."""

from __future__ import annotations

import re

from lrs.sources.edx.event import Event
from lrs.sources.edx.rule import Part, Rule, course, present
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


def _thread_type(event: Event) -> Part:
    return present({TYPE: event.words("thread_type")})


def _vote(event: Event) -> Part:
    return present({TYPE: event.words("vote_value")})


def _rule(verb: Verb) -> Rule:
    return Rule(verb, DISCUSSION, post, published=True)


def _ours(verb: Verb) -> Rule:
    return Rule(verb, DISCUSSION, post)


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
    "edx.forum.thread.created": Rule(POSTED, DISCUSSION, post, extensions=_thread_type, published=True),
    "edx.forum.response.created": _rule(POSTED),
    "edx.forum.comment.created": _rule(POSTED),
    "edx.forum.thread.viewed": _rule(VIEWED),
    "edx.forum.thread.voted": Rule(VOTED, DISCUSSION, post, extensions=_vote, published=True),
    "edx.forum.response.voted": Rule(VOTED, DISCUSSION, post, extensions=_vote, published=True),
    **{f"edx.forum.thread.{done}": _ours(verb) for done, verb in _THREAD.items()},
    "edx.forum.response.mark": _ours(INTERACTED),
    "edx.forum.response.unmark": _ours(INTERACTED),
    "edx.forum.searched": Rule(SEARCHED, DISCUSSION, forum),
    **{f"edx.team.{done}": Rule(verb, GROUP, team) for done, verb in _TEAM.items()},
    "edx.team.activity_updated": Rule(INTERACTED, GROUP, team),
    "edx.team.page_viewed": Rule(VIEWED, GROUP, teams),
    "edx.team.searched": Rule(SEARCHED, GROUP, teams),
}
