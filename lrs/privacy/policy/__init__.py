"""Policy as code: why statements are kept, for how long, who sees how much of them, and what is not kept at all (GDPR art. 5 and 25)."""

from lrs.privacy.policy.model import UNLIMITED, Policy, Purpose

__all__ = ["UNLIMITED", "Policy", "Purpose"]
