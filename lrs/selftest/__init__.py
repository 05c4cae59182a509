"""Drills on made-up people in the store as it is: what is promised about real ones is tried, and the outcome signed (GDPR art. 32(1)(d)).

make people -> store them -> look for them in every file and row -> move their ciphertexts -> verify the trail -> erase them -> look again -> sign
"""

from lrs.selftest.drills import Place, drill
from lrs.selftest.report import Finding, Outcome

__all__ = ["Finding", "Outcome", "Place", "drill"]
