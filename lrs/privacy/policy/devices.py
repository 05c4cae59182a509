"""What tells of somebody's device or connection: the names under which it stands in extensions, and what it looks like.

Nothing of it is needed to say what somebody learned, and it would tie statements to a machine (GDPR art. 25(2), ePrivacy art. 5(3)).
docs/reference/policy.md lists what is here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

NAMES = (
    "ip", "ip-address", "ip-addr", "client-ip", "remote-ip", "remote-addr", "x-forwarded-for", "forwarded-for",
    "user-agent", "useragent", "browser", "browser-info", "device", "device-id", "device-info", "device-token", "device-fingerprint",
    "fingerprint", "idfa", "idfv", "gaid", "aaid", "advertising-id", "android-id", "imei", "mac-address", "serial-number", "hardware-id",
    "cookie", "cookies", "cookie-id", "visitor-id", "client-id", "session-cookie", "csrf-token", "referer", "referrer",
    "geolocation", "location", "latitude", "longitude", "geo",
)  # fmt: skip
"""Last words of an extension's IRI, or names of properties in its value. Case, hyphens, underscores and spaces make no difference."""

ADDRESSES = (
    "audio-url", "video-url", "stream-url", "media-url", "recording-url", "playback-url", "download-url", "meeting-url", "join-url",
)  # fmt: skip
"""The same for where the sound and pictures of a class can be had."""

_JOINTS = re.compile(r"[-_\s]+")
_FOLDED = frozenset(name.replace("-", "") for name in (*NAMES, *ADDRESSES))
_LAST = re.compile(r"[/#:?=]")
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)
_BROWSER = re.compile(r"(?:mozilla|opera|dalvik|okhttp)/\d", re.IGNORECASE)
_ADDRESS = re.compile(r"\[?[0-9a-fA-F:.]+(?:%[^\]]+)?\]?(?::[0-9]+)?")
_LONGEST_ADDRESS = 64
_MOST_NAMES = 4096


@lru_cache(_MOST_NAMES)
def is_named(key: str) -> bool:
    """Tell whether a key, an IRI or a plain name, is one under which a device or an address stands."""
    return _JOINTS.sub("", _LAST.split(key.rstrip("/#"))[-1]).casefold() in _FOLDED


def looks_like(value: str) -> bool:
    """Tell whether a text is, as a whole, a network address or what a browser says of itself."""
    text = value.strip()
    return bool(_BROWSER.match(text) or _MAC.fullmatch(text)) or (
        len(text) <= _LONGEST_ADDRESS and bool(_ADDRESS.fullmatch(text)) and _is_address(text)
    )


def _is_address(text: str) -> bool:
    """Tell whether a text is an IP address, with or without a port."""
    host = text[1:].partition("]")[0] if text[:1] == "[" else text
    try:
        ip_address(host.partition(":")[0] if host.count(":") == 1 else host)
    except ValueError:
        return False
    return True
