"""Subscriptions that survive the loss of their connection."""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Callable, Dict, Generic, Iterator, Optional, Tuple, TypeVar

from ._codec import decode, encode
from ._errors import SlowError, SubscriptionClosed, UnauthorizedError, UnreachableError
from ._websocket import ConnectionEnded, WebSocket

N = TypeVar("N")

_OPEN_TIMEOUT = 15.0  # seconds from the handshake to the answer
_PING_INTERVAL = 30.0  # seconds of silence before the manager is asked whether it is there
_PONG_TIMEOUT = 10.0
_FIRST_DELAY = 0.1  # seconds before the first attempt to reconnect; it doubles
_LONGEST_DELAY = 5.0
_HEALTHY = 10.0  # a connection that lasted so long begins anew with the first delay
_ROOM = 64  # notices that are read ahead


@dataclass
class Gap:
    """The subscription was interrupted. It comes twice: when it begins, and with over when the
    subscription stands again. What happened in between is missing from events: who keeps a
    picture of the processes lists them anew when it is over. Lines are fetched again from the
    last one on: none comes twice, and only those are missing that the manager does not have any
    more.
    """

    #: UnreachableError, ClosedError (the manager ended) or SlowError (notices were not taken).
    why: Exception
    over: bool = False


class EventFeed:
    """A subscription's side of events.event."""

    def __init__(self, params: Dict[str, Any], notice: Any) -> None:
        self._params, self.notice = encode(params), notice

    def params(self) -> Dict[str, Any]:
        return self._params

    def read(self, params: Dict[str, Any]) -> Any:
        from ._api import Event

        return self.notice(event=decode(Event, params["event"]))


class LineFeed:
    """A subscription's side of logs.line. It remembers the time of the last line, from which a
    new connection goes on, and which lines of that time it has seen: many may have the same.
    """

    def __init__(self, params: Dict[str, Any], notice: Any) -> None:
        self._params, self.notice = encode(params), notice
        self._last: Optional[str] = None  # as it came, to the nanosecond
        self._seen: "Counter[Tuple[Any, ...]]" = Counter()
        self._skip: "Counter[Tuple[Any, ...]]" = Counter()

    def params(self) -> Dict[str, Any]:
        if self._last is None:
            return self._params
        self._skip += self._seen
        self._seen.clear()
        return {**self._params, "since": self._last, "lines": 2**31 - 1, "previous": False}

    def read(self, params: Dict[str, Any]) -> Any:
        from ._api import LogLine

        line = params["line"]
        if line["ts"] != self._last:
            self._last = line["ts"]
            self._seen.clear()
            self._skip.clear()
        key = (line["stream"], line["run"], line["msg"])
        self._seen[key] += 1
        if self._skip[key] > 0:
            self._skip[key] -= 1
            return None
        return self.notice(line=decode(LogLine, line), lost=params.get("lost", 0))


class Link:
    """One WebSocket with one subscription on it."""

    def __init__(self, ws: WebSocket, where: str) -> None:
        self.ws, self.where = ws, where

    def subscribe(self, method: str, params: Any, authorized: bool) -> None:
        from ._api import ForbiddenError
        from ._errors import to_error

        self.ws.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
        answer = json.loads(self.ws.read())
        if "error" in answer:
            err = to_error(answer["error"])
            if isinstance(err, ForbiddenError) and not authorized:  # whoever has a role may look
                raise UnauthorizedError(f"cannot authenticate at {self.where}: {err}")
            raise err

    def next(self) -> Tuple[str, Any]:
        """Waits for a notification."""
        try:
            text = self.ws.read(_PING_INTERVAL, _PONG_TIMEOUT)
        except ConnectionEnded as err:
            raise UnreachableError(f"cannot reach the manager at {self.where}: {err}") from err
        message = json.loads(text)
        return message["method"], message["params"]


class Subscription(Generic[N]):
    """Delivers what happens, until it is closed: when its connection is lost it makes a new one
    and tells so by a Gap. It is an iterator: iterating ends after close, and raises when the
    subscription has ended for another reason: NotFoundError when the process was deleted,
    UnreachableError when the time to reconnect is up, or what the manager says when it is not
    to be had anew. One thread reads it; any may close it.
    """

    def __init__(self, feed: Any, opener: Callable[[Any, Optional[float]], Link], reconnect: Optional[float], timeout: Optional[float]) -> None:
        self._feed, self._opener, self._reconnect = feed, opener, reconnect
        self._queue: "queue.Queue[Any]" = queue.Queue(_ROOM)
        self._closed = threading.Event()
        self._lock = threading.Lock()  # of _link
        self._why: Optional[BaseException] = None
        self._link: Optional[Link] = opener(feed.params(), timeout)
        self._thread = threading.Thread(target=self._run, name="processmanager-subscription", daemon=True)
        self._thread.start()

    def next(self, timeout: Optional[float] = None) -> N:
        """Waits for the next notice, at most timeout seconds; then TimeoutError, and the
        subscription goes on. After close it raises SubscriptionClosed.
        """
        if self._closed.is_set():
            raise SubscriptionClosed("the subscription was closed")
        if self._why is not None and self._queue.empty():
            raise self._why
        try:
            item = self._queue.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"nothing has happened in {timeout} seconds") from None
        if item is None:
            if self._closed.is_set():
                raise SubscriptionClosed("the subscription was closed")
            assert self._why is not None
            raise self._why
        return item

    def __iter__(self) -> Iterator[N]:
        return self

    def __next__(self) -> N:
        try:
            return self.next()
        except SubscriptionClosed:
            raise StopIteration from None

    def __enter__(self) -> "Subscription[N]":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the subscription and its connection."""
        self._closed.set()
        with self._lock:
            if self._link is not None:
                self._link.ws.close()
        while True:  # whoever waits for a notice is woken
            try:
                self._queue.put_nowait(None)
                break
            except queue.Full:
                try:
                    self._queue.get_nowait()
                except queue.Empty:
                    pass
        if threading.current_thread() is not self._thread:
            self._thread.join(1.0)

    def _hand(self, notice: Any) -> None:
        while not self._closed.is_set():
            try:
                self._queue.put(notice, timeout=0.1)
                return
            except queue.Full:
                pass

    def _run(self) -> None:
        try:
            self._why = self._deliver_all()
        except BaseException as err:  # the reader is told, wherever it comes from
            self._why = err
        finally:
            with self._lock:
                if self._link is not None:
                    self._link.ws.close()
            self._hand(None)

    def _deliver_all(self) -> Exception:
        delay = _FIRST_DELAY
        while True:
            began = time.monotonic()
            why = self._deliver()
            if self._closed.is_set() or not _may_return(why) or self._reconnect == 0:
                return why
            if time.monotonic() - began >= _HEALTHY:
                delay = _FIRST_DELAY
            since = time.monotonic()
            self._hand(self._feed.notice(gap=Gap(why)))
            while True:
                self._closed.wait(delay / 2 + random.random() * delay / 2)
                delay = min(delay * 2, _LONGEST_DELAY)
                if self._closed.is_set():
                    return why
                try:
                    link = self._opener(self._feed.params(), None)
                    break
                except Exception as err:
                    if not _may_return(err) or (self._reconnect is not None and time.monotonic() - since >= self._reconnect):
                        return err
            with self._lock:
                self._link = link
                if self._closed.is_set():
                    return why
            self._hand(self._feed.notice(gap=Gap(why, True)))

    def _deliver(self) -> Exception:
        assert self._link is not None
        try:
            while not self._closed.is_set():
                method, params = self._link.next()
                if method == "subscription.ended":
                    return _ended(params, self._feed._params.get("name"))
                notice = self._feed.read(params)
                if notice is not None:
                    self._hand(notice)
        except Exception as err:
            return err
        finally:
            self._link.ws.close()
        return SubscriptionClosed("the subscription was closed")


def _may_return(err: BaseException) -> bool:
    from ._api import ClosedError

    return isinstance(err, (UnreachableError, ClosedError, SlowError, TimeoutError))


def _ended(params: Dict[str, Any], name: Optional[str]) -> Exception:
    from ._api import ClosedError, InternalError, NotFoundError

    text = f"the subscription has ended: {params.get('message', '')}"
    if params.get("reason") == "deleted":
        return NotFoundError(text, process=name)
    kinds: Dict[str, Any] = {"slow": SlowError, "shutdown": ClosedError}
    return kinds.get(params.get("reason", ""), InternalError)(text)
