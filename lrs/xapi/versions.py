"""The versions of xAPI that are spoken here, which statement versions each of them takes, and where each states its rules."""

from __future__ import annotations

import re
from enum import Enum

V1 = "1.0.3"
V2 = "2.0.0"
VERSIONS = (V1, V2)

DEFAULT_STATEMENT_VERSION = {V1: "1.0.0", V2: "2.0.0"}
"""The version that a statement without one gets (xAPI 1.0.3 Data 2.4.10; IEEE 9274.1.1 4.2.4.3)."""

_PATCH = r"(?:0|[1-9][0-9]*)(?:-[0-9A-Za-z-]+)?"
_STATEMENT_VERSIONS = {
    V1: re.compile(rf"1\.0(?:\.{_PATCH})?", re.ASCII),
    V2: re.compile(rf"[12]\.0(?:\.{_PATCH})?", re.ASCII),
}
"""As in the header, where the patch may be left out (xAPI 1.0.3 Data 2.4.10 and Communication 3.3)."""


def takes(version: str, statement_version: str) -> bool:
    """Tell whether a request under ``version`` may carry a statement of ``statement_version``."""
    return _STATEMENT_VERSIONS[version].fullmatch(statement_version) is not None


class Section(Enum):
    """Where a rule is stated: the section of xAPI 1.0.3 Part Two (Data) and the one of IEEE 9274.1.1."""

    TYPES = ("2.2", "4.2.1")
    VOIDING = ("2.3.2", "4.2.5")
    STATEMENT = ("2.4", "4.2.2")
    ID = ("2.4.1", "4.2.7 UUIDs")
    ACTOR = ("2.4.2", "4.2.2.1")
    AGENT = ("2.4.2.1", "4.2.2.1 Agent")
    GROUP = ("2.4.2.2", "4.2.2.1 Group")
    IDENTIFIER = ("2.4.2.3", "4.2.2.1 Agent")
    ACCOUNT = ("2.4.2.4", "4.2.2.1 Account")
    VERB = ("2.4.3", "4.2.2.2")
    OBJECT = ("2.4.4", "4.2.2.3")
    ACTIVITY = ("2.4.4.1", "4.2.2.3 Activity")
    REFERENCE = ("2.4.4.3", "4.2.2.3 Statement")
    RESULT = ("2.4.5", "4.2.2.4")
    SCORE = ("2.4.5.1", "4.2.2.4 Score")
    CONTEXT = ("2.4.6", "4.2.2.5")
    CONTEXT_ACTIVITIES = ("2.4.6.2", "4.2.2.5 contextActivities")
    CONTEXT_AGENTS = ("2.4.6", "4.2.2.5 Context Agents and Groups")
    AUTHORITY = ("2.4.9", "4.2.4.2")
    VERSION = ("2.4.10", "4.2.4.3")
    ATTACHMENT = ("2.4.11", "4.2.2.6")
    SIGNATURE = ("2.6", "4.2.6")
    EXTENSIONS = ("4.1", "4.2.7 Extensions")
    LANGUAGE_MAP = ("4.2", "4.2.7 Language Maps")
    TIMESTAMP = ("4.5", "4.2.7 Timestamps")
    DURATION = ("4.6", "4.2.7 Duration")

    def under(self, version: str) -> str:
        """Name the section that holds for a request under ``version``."""
        return f"IEEE 9274.1.1 {self.value[1]}" if version == V2 else f"xAPI 1.0.3 Data {self.value[0]}"
