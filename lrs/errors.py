"""Every way in which the record store says no.

    LRSError
    ├── InvalidStatement      a statement breaks a rule of the xAPI data model
    ├── InvalidRequest        a parameter, header or body breaks a rule of the xAPI resources
    │   ├── LimitExceeded     a body, batch or nesting is larger than the settings allow
    │   ├── RequestTimeout    a body came too slowly
    │   └── InvalidEvent      an event of another system can't be converted
    ├── Conflict              a statement id is already stored with other content, or a document is there
    ├── PreconditionFailed    a document changed since the caller read it
    ├── NotAuthenticated      nobody is known by these credentials
    ├── NotPermitted          the credential does not reach this far
    ├── NotFound              nothing is stored under this id
    ├── ConfigurationError    a setting is missing, unknown or contradictory
    │   └── MissingExtra      an optional dependency is not installed
    ├── KeyUnavailable        the keyring is missing, unreadable or not the one that this data needs
    ├── TamperedData          a sealed value does not belong where it was found
    ├── IssuerUnavailable     the issuer of bearer tokens can't be asked for its keys now
    └── StoreUnavailable      the vault or the warehouse can't answer now
        ├── StoreBusy         the queue of writes is full
        └── DataDirectoryInUse  another process holds the data directory

An error never carries an identity, a key or a sealed value: messages name places (JSON path, parameter, file), not contents.
"""

from __future__ import annotations

from typing import ClassVar


class LRSError(Exception):
    """Base of all errors raised by this package.

    ``code`` is stable and machine-readable, ``hint`` says what to do about it, and ``retryable`` tells
    whether the same call may succeed later without any change.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = self.default_hint if hint is None else hint


class InvalidStatement(LRSError):
    """A statement breaks a rule of the xAPI data model.

    ``path`` is the JSON path of the offending place (``$.actor.mbox``; object keys that the sender
    chose, such as extension IRIs, are shown as ``*``), ``rule`` the rule in words, ``section`` where the specification states
    it, ``index`` the statement's position in its batch (0 for a single one).
    """

    code = "invalid-statement"
    default_hint = "Correct the statement and send it again; nothing of this batch was stored."

    def __init__(self, rule: str, *, path: str = "$", section: str = "", index: int = 0, hint: str | None = None) -> None:
        super().__init__(f"{path}: {rule}" + (f" ({section})" if section else ""), hint=hint)
        self.rule = rule
        self.path = path
        self.section = section
        self.index = index


class InvalidRequest(LRSError):
    """A parameter, header or body breaks a rule of the xAPI resources; ``parameter`` names it."""

    code = "invalid-request"

    def __init__(self, message: str, *, parameter: str = "", section: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.parameter = parameter
        self.section = section


class LimitExceeded(InvalidRequest):
    """A body, batch or nesting is larger than the settings allow."""

    code = "limit-exceeded"
    default_hint = "Send it in smaller batches, or raise the limit in the settings."


class RequestTimeout(InvalidRequest):
    """The body of a request did not come within the time that the settings allow."""

    code = "request-timeout"
    retryable = True
    default_hint = "Send it in smaller batches, or raise body_seconds in the settings."


class InvalidEvent(InvalidRequest):
    """An event of another system can't be converted; ``parameter`` names the place in it."""

    code = "invalid-event"
    default_hint = "Its neighbours were converted; correct the event at its source, or leave it."


class Conflict(LRSError):
    """A statement id is already stored, or appears twice in a batch, with other content; or a document is there that the caller does not mention.

    ``index`` is the place in the batch; None for documents.
    """

    code = "conflict"
    default_hint = "A stored statement is immutable: send the changed one under a new id. A batch is stored whole, or not at all."

    def __init__(self, message: str, *, index: int | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.index = index


class PreconditionFailed(LRSError):
    """A document is not in the state that the caller requires."""

    code = "precondition-failed"
    default_hint = "Read the document again and repeat the change on what you find."


class NotAuthenticated(LRSError):
    """Nobody is known by these credentials."""

    code = "not-authenticated"
    default_hint = (
        "Send the username and password that `lrs credentials add` printed, by HTTP Basic, or a bearer token where an issuer is set."
    )


class NotPermitted(LRSError):
    """The credential does not reach this far."""

    code = "not-permitted"
    default_hint = "Ask the operator for a credential with the scope or view that this needs."


class NotFound(LRSError):
    """Nothing that the caller may see is stored under this id."""

    code = "not-found"


class ConfigurationError(LRSError):
    """A setting is missing, unknown or contradictory."""

    code = "configuration"


class MissingExtra(ConfigurationError):
    """An optional dependency is not installed."""

    code = "missing-extra"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs a package that is not installed", hint=f"pip install 'lrs[{extra}]'")


class KeyUnavailable(LRSError):
    """The keyring is missing, unreadable or not the one that this data needs."""

    code = "key-unavailable"
    default_hint = "Put back the keyring that belongs to this data. Without it identities can't be read by anyone."


class TamperedData(LRSError):
    """A sealed value does not belong where it was found, or was altered."""

    code = "tampered-data"
    default_hint = "Restore the vault and the warehouse from the same backup; `lrs doctor` names what is wrong."


class IssuerUnavailable(LRSError):
    """The issuer of bearer tokens can't be asked for its keys now; passwords work all the same."""

    code = "issuer-unavailable"
    retryable = True
    default_hint = (
        "Send the request again later; if it stays so, the operator compares the setting oidc_issuer with what the issuer publishes."
    )


class StoreUnavailable(LRSError):
    """The vault or the warehouse can't answer now."""

    code = "store-unavailable"
    retryable = True
    default_hint = "Nothing of this request was acknowledged; send it again later. A statement that did arrive will be recognised."


class StoreBusy(StoreUnavailable):
    """The queue of writes is full; nothing of this request was taken."""

    code = "store-busy"
    default_hint = "Nothing of this request was taken; send it again after a moment, and more slowly."


class DataDirectoryInUse(StoreUnavailable):
    """Another process holds the data directory."""

    code = "data-directory-in-use"
    retryable = False
    default_hint = "An embedded store belongs to one process: stop the other one, or send your statements to its server."
