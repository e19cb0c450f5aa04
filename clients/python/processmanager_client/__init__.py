"""Client of a Process Manager.

    from processmanager_client import Client, NotFoundError

    pm = Client("/tmp/processmanager-rpc.sock")
    info = pm.start("hello", command="echo hello")
    for notice in pm.logs_subscribe("hello"):
        if notice.line:
            print(notice.line.msg)

An error is one of these:

    ManagerError        the manager refused; a class for each of its codes: NotFoundError, …
    UnreachableError    no connection, or it broke before the answer (a ConnectionError)
    UnauthorizedError   the secret is missing or wrong (a PermissionError)
    TimeoutError        call_timeout is over; what was begun goes on
"""

from ._api import *  # noqa: F401,F403
from ._api import __all__ as _api_all
from ._client import Client
from ._errors import ManagerError, SlowError, SubscriptionClosed, UnauthorizedError, UnreachableError
from ._subscription import Gap, Subscription

__all__ = [
    "Client",
    "Gap",
    "ManagerError",
    "SlowError",
    "Subscription",
    "SubscriptionClosed",
    "UnauthorizedError",
    "UnreachableError",
    *(name for name in _api_all if name != "Methods"),
]
