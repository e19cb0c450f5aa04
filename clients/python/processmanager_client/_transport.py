"""The way to the manager: a unix socket or TCP, with or without TLS."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Dict, Optional, Tuple
from urllib.parse import urlsplit

from ._errors import UnreachableError

#: Seconds to connect.
CONNECT_TIMEOUT = 10.0
#: Bytes of one answer.
MAX_ANSWER = 256 << 20


class Address:
    """Where a manager is."""

    def __init__(self, url: Optional[str], unix: Optional[str], context: Optional[ssl.SSLContext]) -> None:
        if url is not None and url.startswith("unix://") and unix is None:
            url, unix = None, url[len("unix://") :]
        if (url is None) == (unix is None):
            raise ValueError("cannot make a client: want either a socket or a url")
        self.unix, self.context = unix, None
        self.host, self.port, self.path = "localhost", 80, "/rpc"
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("cannot use the URL: want http://HOST:PORT, https://HOST:PORT or unix:///PATH")
            if parts.username is not None:
                raise ValueError("cannot use the URL: it holds a user; the secret is given apart from it")
            self.host, self.path = parts.hostname, parts.path if parts.path not in ("", "/") else "/rpc"
            self.port = parts.port or (443 if parts.scheme == "https" else 80)
            if parts.scheme == "https":
                self.context = context or ssl.create_default_context()

    def __str__(self) -> str:
        return self.unix or self.authority

    @property
    def authority(self) -> str:
        """The Host of a request."""
        if self.unix:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def connect(self, timeout: Optional[float]) -> socket.socket:
        """Opens a connection. timeout bounds it, in seconds, and holds for each read then."""
        wait = CONNECT_TIMEOUT if timeout is None else min(timeout, CONNECT_TIMEOUT)
        try:
            if self.unix:
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                try:
                    sock.settimeout(wait)
                    sock.connect(self.unix)
                except BaseException:
                    sock.close()
                    raise
            else:
                sock = socket.create_connection((self.host, self.port), wait)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                try:
                    sock = self.context.wrap_socket(sock, server_hostname=self.host)
                except BaseException:
                    sock.close()
                    raise
        except OSError as err:
            raise self.unreachable(err) from err
        sock.settimeout(timeout)
        return sock

    def unreachable(self, err: object) -> UnreachableError:
        return UnreachableError(f"cannot reach the manager at {self}: {err}")

    def post(self, body: bytes, headers: Dict[str, str], timeout: Optional[float]) -> Tuple[int, bytes]:
        """Sends one request and returns the status and the body of the answer."""
        sock = self.connect(timeout)
        connection = _Connection(self.authority, sock)
        try:
            connection.request("POST", self.path, body, headers)
            response = connection.getresponse()
            return response.status, _read(response)
        except socket.timeout as err:
            raise TimeoutError(f"no answer from the manager at {self} in {timeout} seconds") from err
        except (OSError, http.client.HTTPException) as err:
            raise self.unreachable(err or type(err).__name__) from err
        finally:
            connection.close()


def _read(response: http.client.HTTPResponse) -> bytes:
    """Reads a body in parts: Python 3.9 makes room for all that is asked for."""
    parts, room = [], MAX_ANSWER
    while room > 0:
        part = response.read(min(1 << 16, room))
        if not part:
            break
        parts.append(part)
        room -= len(part)
    return b"".join(parts)


class _Connection(http.client.HTTPConnection):
    """HTTP over a connection that is open already."""

    def __init__(self, authority: str, sock: socket.socket) -> None:
        super().__init__("localhost")
        self.sock = sock
        self._authority = authority

    def putheader(self, header: str, *values: object) -> None:  # type: ignore[override]
        if header.lower() == "host":
            values = (self._authority,)
        super().putheader(header, *values)  # type: ignore[arg-type]
