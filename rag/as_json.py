"""Values of any kind as what JSON has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def to_json(value: Any) -> Any:
    """Returns dataclasses, times, paths and sets as what JSON has."""
    if value is None or isinstance(value, str | int | float):
        return value  # most of what there is
    if is_dataclass(value) and not isinstance(value, type):
        return to_json({name: getattr(value, name) for name in value.__dataclass_fields__})
    if isinstance(value, Mapping):
        return {str(key): to_json(one) for key, one in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(to_json(one) for one in value)
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return value
