"""Scores, as far as xAPI can say them."""

from __future__ import annotations

from lrs.sources.edx.rule import Part, present


def score(earned: float | None, possible: float | None) -> Part:
    """Make a score of points (xAPI 1.0.3 Data 2.4.5.1).

    Of points outside the range (a bonus, a penalty) only the raw ones can be said; where nothing can be earned there is no greatest.
    """
    if earned is not None and (earned < 0 or (possible is not None and earned > possible)):
        return {"raw": earned}
    if possible is None or earned is None:
        return present({"min": 0, "max": possible or None, "raw": earned})
    return present({"min": 0, "max": possible or None, "raw": earned, "scaled": earned / possible if possible else 0})
