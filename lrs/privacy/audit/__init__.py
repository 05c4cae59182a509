"""The audit trail: who read, exported, was refused or changed what; append-only, hash-chained, signed (GDPR art. 5(2))."""

from lrs.privacy.audit.entry import DONE, FAILED, REFUSED, Event
from lrs.privacy.audit.trail import Audit, Pending, open_trail

__all__ = ["DONE", "FAILED", "REFUSED", "Audit", "Event", "Pending", "open_trail"]
