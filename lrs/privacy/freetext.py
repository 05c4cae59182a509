"""What happens to the places of a statement where people write what they like.

Names of people have placeholders of their own; this is about the rest: answers to open questions, extensions that nobody
described, names of ad-hoc groups. By default such text is sealed under the key of the person whom the statement is about, and the places
that are known to hold facts (a video position, a chosen answer) stay readable (GDPR art. 5(1)(c)).
"""

from __future__ import annotations

from enum import Enum

from lrs.xapi.model import Text

CLOSED_INTERACTIONS = frozenset({"true-false", "choice", "likert", "matching", "sequencing", "numeric"})
"""Interaction types whose responses are picked from what the author wrote (xAPI 1.0.3 Data, appendix C)."""

_VIDEO = "https://w3id.org/xapi/video/extensions/"
_CMI5 = "https://w3id.org/xapi/cmi5/context/extensions/"
FACTUAL_EXTENSIONS = frozenset(
    [_VIDEO + name for name in ("time", "time-from", "time-to", "length", "progress", "played-segments", "session-id", "speed", "volume",
                                "full-screen", "quality", "screen-size", "video-playback-size", "cc-enabled", "cc-subtitle-enabled",
                                "cc-subtitle-lang", "subtitle-enabled", "subtitle-language", "frame-rate", "track", "completion-threshold")]
    + [_CMI5 + name for name in ("sessionid", "masteryscore", "launchmode", "moveon")]
    + ["https://w3id.org/xapi/cmi5/result/extensions/" + name for name in ("progress", "reason")]
    + ["https://w3id.org/xapi/acrossx/extensions/" + name for name in ("type", "by-who", "total-items", "tags-count", "time-limit")]
    + ["http://id.tincanapi.com/extension/" + name for name in ("attempt-id", "duration", "position", "severity", "measurement", "time",
                                                         "starting-position", "ending-point", "planned-duration")]
    + ["https://w3id.org/xapi/openedx/extension/" + name for name in ("transformer-version", "speed-from", "speed-to", "attempt-started",
                                                                      "attempt-completed")]
    + ["http://www.tincanapi.co.uk/activitytypes/grade_classification"]
    + ["urn:x-lrs:extension:notice-digest"]
)  # fmt: skip
"""Extensions of published profiles whose values are numbers, codes or positions: never text, never a device or an address."""

_DROPPED = {"response": b'""', "group-name": b'""', "extension": b"null", "reserved": b"null"}


class Fate(Enum):
    """What becomes of one text."""

    KEEP = "keep"
    SEAL = "seal"
    DROP = "drop"


class FreeText:
    """Decide what becomes of each text, as the policy says (``ingest.free_text`` and ``ingest.keep_extensions``)."""

    def __init__(self, *, free_text: str = "seal", keep_extensions: tuple[str, ...] = ()) -> None:
        self._fate = Fate(free_text)
        self._factual = FACTUAL_EXTENSIONS | frozenset(keep_extensions)

    @property
    def keeps_any(self) -> bool:
        """Tell whether texts are kept at all, sealed or as they are."""
        return self._fate is not Fate.DROP

    def keeps(self, iri: str) -> bool:
        """Tell whether an extension's value stays readable whatever it is."""
        return iri in self._factual

    def decide(self, text: Text) -> Fate:
        """Say what becomes of a text; a value that could pass for a placeholder is never kept as it is."""
        if text.place == "reserved":
            return Fate.SEAL
        if text.place == "response" and text.detail in CLOSED_INTERACTIONS:
            return Fate.KEEP
        if text.place == "extension" and (b'"' not in text.json or self.keeps(text.detail)):
            return Fate.KEEP
        return self._fate

    @staticmethod
    def remains(text: Text) -> bytes:
        """Give the JSON that stands where a text was dropped."""
        return _DROPPED[text.place]
