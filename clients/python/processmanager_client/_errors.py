"""Errors of the client. Those of the manager are made from its document, in _api.py."""

from __future__ import annotations

from typing import Any, Optional


class ManagerError(Exception):
    """What the manager answered instead of a result."""

    #: Code of JSON-RPC.
    code: int = 0
    #: Stable word, for example NotFound.
    reason: str = ""

    def __init__(self, message: str, code: Optional[int] = None, reason: Optional[str] = None, process: Optional[str] = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        if reason is not None:
            self.reason = reason
        #: The process that was asked for, if any.
        self.process = process


class UnreachableError(ConnectionError):
    """No connection, or it broke before the answer."""


class UnauthorizedError(PermissionError):
    """The secret is missing or wrong."""


class SlowError(Exception):
    """Notifications were not taken in time, and some are lost."""


class SubscriptionClosed(Exception):
    """The subscription was closed here."""


def to_error(error: Any) -> ManagerError:
    """Makes the error of a response, as a class of its own where its code is known."""
    from ._api import ERRORS

    error = error if isinstance(error, dict) else {}
    data = error.get("data") if isinstance(error.get("data"), dict) else {}
    code = error.get("code", 0)
    return ERRORS.get(code, ManagerError)(str(error.get("message", "")), code, data.get("reason", ""), data.get("name"))
