"""Client calls one manager."""

from __future__ import annotations

import json
import ssl
from typing import Any, Dict, Optional

from ._api import Methods
from ._codec import decode, encode
from ._errors import UnauthorizedError, UnreachableError, to_error
from ._subscription import _OPEN_TIMEOUT, Link, Subscription
from ._transport import Address
from ._websocket import ConnectionEnded, HandshakeRefused, WebSocket


class Client(Methods):
    """Calls one manager, over a unix socket or TCP. Any thread may use it; each call has a
    connection of its own.

    socket: path of the API's unix socket.
    url: http://host:port, https://host:port or unix:///path, in place of socket; /rpc is added
        to an empty path.
    secret: secret of the manager, or that of viewers.
    ssl_context: of https, for example ssl.create_default_context(cafile="ca.pem").
    reconnect: how many seconds a subscription tries to get its connection back; None: for ever;
        0: not at all.

    A call lasts as long as the manager needs; call_timeout is how many seconds it may wait,
    and raises TimeoutError then. What the manager has begun goes on.
    """

    def __init__(
        self,
        socket: Optional[str] = None,
        *,
        url: Optional[str] = None,
        secret: Optional[str] = None,
        ssl_context: Optional[ssl.SSLContext] = None,
        reconnect: Optional[float] = None,
    ) -> None:
        self._address = Address(url, socket, ssl_context)
        self._secret = secret
        self._reconnect = reconnect

    def _headers(self) -> Dict[str, str]:
        return {"Authorization": f"Bearer {self._secret}"} if self._secret else {}

    def call(self, method: str, params: Any = None, *, result: Any = Any, call_timeout: Optional[float] = None) -> Any:
        """Calls any method. result is the type to make of the answer; without it the answer is
        what json.loads gives.
        """
        request: Dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": method}
        if params is not None:
            request["params"] = encode(params)
        body = json.dumps(request).encode()
        status, text = self._address.post(body, {"Content-Type": "application/json", **self._headers()}, call_timeout)
        return decode(result, self._read(status, text))

    def _read(self, status: int, text: bytes) -> Any:
        """Takes an answer apart."""
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            answer = {}
        if status == 401:
            words = answer.get("error", {}).get("message", "HTTP status 401")
            raise UnauthorizedError(f"cannot authenticate at {self._address}: {words}")
        if answer.get("jsonrpc") != "2.0" or ("error" not in answer and "result" not in answer):
            raise UnreachableError(
                f"cannot reach the manager at {self._address}: what answers there is not a manager's API (HTTP status {status})"
            )
        if "error" in answer:
            raise to_error(answer["error"])
        return answer["result"]

    def _subscribe(self, method: str, feed: Any, call_timeout: Optional[float]) -> Any:
        def open_link(params: Any, timeout: Optional[float]) -> Link:
            return self._open(method, params, timeout or _OPEN_TIMEOUT)

        return Subscription(feed, open_link, self._reconnect, call_timeout)

    def _open(self, method: str, params: Any, timeout: float) -> Link:
        """Connects and subscribes."""
        sock = self._address.connect(timeout)
        try:
            ws = WebSocket(sock, self._address.authority, self._address.path, self._headers())
            link = Link(ws, str(self._address))
            link.subscribe(method, params, bool(self._secret))
            return link
        except HandshakeRefused as err:
            sock.close()
            if err.status == 503:
                raise self._address.unreachable("it has too many connections (HTTP status 503)") from err
            self._read(err.status, err.body)
            raise self._address.unreachable(err) from err
        except (ConnectionEnded, OSError) as err:
            sock.close()
            if isinstance(err, UnauthorizedError):
                raise
            raise self._address.unreachable(err) from err
        except BaseException:
            sock.close()
            raise
