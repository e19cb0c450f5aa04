"""The part of RFC 6455 that a client of the API needs."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
from typing import Dict, Optional, Tuple

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
#: Bytes of one message.
MAX_MESSAGE = 16 << 20
_MAX_HEADER = 64 << 10


class HandshakeRefused(Exception):
    """The server answered something else than 101."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP status {status}")
        self.status, self.body = status, body


class ConnectionEnded(Exception):
    """There is nothing more to read."""


class WebSocket:
    """One connection. One thread reads and writes; any may close it."""

    def __init__(self, sock: socket.socket, authority: str, path: str, headers: Dict[str, str]) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._message = bytearray()  # what has come of a message in parts
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1", f"Host: {authority}", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        for line in lines:
            if "\r" in line or "\n" in line:
                raise ValueError("cannot connect: a header holds a line end")
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status, answer = self._read_header()
        if status != 101:
            raise HandshakeRefused(status, self._read_body(answer))
        want = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
        if answer.get("sec-websocket-accept") != want:
            raise ConnectionEnded("what answers there is no WebSocket")

    def _read_header(self) -> Tuple[int, Dict[str, str]]:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _MAX_HEADER:
                raise ConnectionEnded("the header of the answer is too long")
            self._fill()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        first, *rest = head.decode("latin-1").split("\r\n")
        words = first.split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
            raise ConnectionEnded("what answers there does not speak HTTP")
        pairs = (line.split(":", 1) for line in rest if ":" in line)
        return int(words[1]), {name.strip().lower(): value.strip() for name, value in pairs}

    def _read_body(self, header: Dict[str, str]) -> bytes:
        length = header.get("content-length", "0")
        wanted = min(int(length) if length.isdigit() else 0, MAX_MESSAGE)
        try:
            while len(self._buffer) < wanted:
                self._fill()
        except (ConnectionEnded, socket.timeout):
            pass  # what there is of it
        return bytes(self._buffer)

    def _fill(self) -> None:
        try:
            data = self._sock.recv(1 << 16)
        except socket.timeout:
            raise
        except (OSError, ValueError) as err:  # ValueError: closed by another thread
            raise ConnectionEnded(str(err)) from err
        if not data:
            raise ConnectionEnded("the connection has ended")
        self._buffer += data

    def read(self, idle: Optional[float] = None, patience: float = 0) -> str:
        """Waits for the next text message. Pings are answered meanwhile. After idle seconds of
        silence the server is asked whether it is there; patience is how many seconds it has to
        say so. Without idle, a read waits as long as the socket's own timeout.
        """
        asked = False
        if idle is not None:
            self._sock.settimeout(idle)
        while True:
            try:
                frame = self._read_frame()
            except socket.timeout:
                if idle is None or asked:
                    raise ConnectionEnded("it does not answer any more") from None
                self._write_frame(_PING, b"")
                self._sock.settimeout(patience)
                asked = True
                continue
            if asked and idle is not None:
                self._sock.settimeout(idle)
                asked = False
            message = self._handle(*frame)
            if message is not None:
                return message

    def _handle(self, final: bool, opcode: int, data: bytes) -> Optional[str]:
        """Takes one frame, and returns the message that it completes."""
        if opcode == _PING:
            self._write_frame(_PONG, data)
        elif opcode == _CLOSE:
            code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005
            reason = data[2:].decode("utf-8", "replace")
            raise ConnectionEnded(f"the connection was closed ({code}{' ' + reason if reason else ''})")
        elif opcode in (0, _TEXT):
            self._message += data
            if len(self._message) > MAX_MESSAGE:
                raise ConnectionEnded("a message is too long")
            if final:
                message, self._message = self._message.decode("utf-8"), bytearray()
                return message
        elif opcode != _PONG:
            raise ConnectionEnded(f"a frame has the unknown kind {opcode}")
        return None

    def _read_frame(self) -> Tuple[bool, int, bytes]:
        """Nothing is taken out of the buffer before a frame is there as a whole, so that a
        timeout in the middle of one does no harm.
        """
        while True:
            frame = self._next_frame()
            if frame is not None:
                return frame
            self._fill()

    def _next_frame(self) -> Optional[Tuple[bool, int, bytes]]:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size == 126:
            start = 4
        elif size == 127:
            start = 10
        if len(buffer) < start:
            return None
        if start > 2:
            size = int.from_bytes(buffer[2:start], "big")
        if buffer[0] & 0x70 or buffer[1] & 0x80 or size > MAX_MESSAGE:  # extensions, a mask, or too long
            raise ConnectionEnded("the server does not keep to the protocol")
        if len(buffer) < start + size:
            return None
        frame = bool(buffer[0] & 0x80), buffer[0] & 0x0F, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return frame

    def write(self, text: str) -> None:
        self._write_frame(_TEXT, text.encode())

    def _write_frame(self, opcode: int, data: bytes) -> None:
        if len(data) < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(data))
        elif len(data) < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, len(data))
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, len(data))
        mask = os.urandom(4)
        repeated = (mask * (len(data) // 4 + 1))[: len(data)]
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")
        try:
            self._sock.sendall(head + mask + masked)
        except (OSError, ValueError) as err:
            raise ConnectionEnded(str(err)) from err

    def close(self) -> None:
        """Ends the connection; a read in another thread fails. No farewell is sent: with TLS two
        threads must not write and read at the same time.
        """
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            pass
        self._sock.close()
