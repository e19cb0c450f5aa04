"""Between JSON and the dataclasses of the API."""

from __future__ import annotations

import base64
import dataclasses
import re
import sys
import typing
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, Dict, Tuple

_TIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$")


def encode(value: Any) -> Any:
    """Makes what json.dumps takes. None is left out of objects: it is as good as absent."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.metadata.get("json", f.name), getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: encode(v) for name, v in pairs if v is not None}
    if isinstance(value, dict):
        return {name: encode(v) for name, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [encode(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        # One without a zone is meant as local time, as everywhere in Python.
        return value.astimezone(timezone.utc).isoformat()
    return value


def decode(kind: Any, value: Any) -> Any:
    """Makes a value of a type out of what json.loads gave. What the type does not know is left
    out, so that a newer manager can be read.
    """
    if value is None:
        return None
    if kind is datetime:
        return parse_time(value)
    if kind is bytes:
        return base64.b64decode(value)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ValueError(f"want an object for {kind.__name__}")
        hints = _fields(kind)
        given = {hints[name][0]: decode(hints[name][1], v) for name, v in value.items() if name in hints}
        for name, (field, _) in hints.items():
            if field not in given and _required(kind, field):
                given[field] = None
        return kind(**given)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        rest = [a for a in arguments if a is not type(None)]
        return decode(rest[0], value) if len(rest) == 1 else value
    if origin is list:
        return [decode(arguments[0], v) for v in value]
    if origin is dict:
        return {name: decode(arguments[1], v) for name, v in value.items()}
    return value


def parse_time(text: str) -> datetime:
    """Reads RFC 3339; Python keeps microseconds of it."""
    match = _TIME.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a time")
    second, fraction, zone = match.groups()
    fraction = ((fraction or "") + "000000")[:6]
    return datetime.fromisoformat(f"{second}.{fraction}{'+00:00' if zone == 'Z' else zone}")


@lru_cache(maxsize=None)
def _fields(kind: type) -> Dict[str, Tuple[str, Any]]:
    hints = typing.get_type_hints(kind, vars(sys.modules[kind.__module__]))
    return {f.metadata.get("json", f.name): (f.name, hints[f.name]) for f in dataclasses.fields(kind)}


@lru_cache(maxsize=None)
def _required(kind: type, field: str) -> bool:
    return any(f.name == field and f.default is dataclasses.MISSING for f in dataclasses.fields(kind))
