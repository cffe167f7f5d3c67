"""Regular expressions that are compiled when they are first used.

Compiling is slow (a class of all CJK ranges takes milliseconds), and a command or a parsing child uses few of those
that its modules hold: together they were an eighth of the start of any command.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, Generic, cast


def pattern(expression: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Returns what ``re.compile`` would, compiled with the first use of one of its methods.

    Only functions of :mod:`re` that are given the pattern itself would notice: call its methods instead.

    Raises:
        re.error: with the first use, what ``re.compile`` would have raised.
    """
    return cast("re.Pattern[AnyStr]", _Uncompiled(expression, flags))


class _Uncompiled(Generic[AnyStr]):
    def __init__(self, expression: AnyStr, flags: int) -> None:
        self._expression: AnyStr = expression
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        """Keeps what was asked for as an attribute: from the second time on nothing stands in between."""
        found = getattr(re.compile(self._expression, self._flags), name)
        self.__dict__[name] = found
        return found

    @property
    def pattern(self) -> str | bytes:
        """The expression, for others that are made of it: no reason to compile it."""
        return self._expression
