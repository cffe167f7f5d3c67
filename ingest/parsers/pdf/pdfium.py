"""PDFium's functions and constants, as ``pypdfium2.raw`` has them, called in half the time.

For what is asked for every word of a page. pypdfium2 makes an object of each handle that comes back, checks the type
of each that goes in, and lets other threads run meanwhile. Here handles are numbers (0 or None is none; pypdfium2's own
objects go in, too), and other threads wait: a parser has none.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw


def __getattr__(name: str) -> Any:
    """Returns what PDFium has under a name, and keeps it."""
    found = getattr(pypdfium2.raw, name)
    if hasattr(found, "argtypes"):
        kinds = [_plain(kind) for kind in (found.restype, *found.argtypes)]
        found = ctypes.PYFUNCTYPE(*kinds)(ctypes.cast(found, ctypes.c_void_p).value or 0)
    globals()[name] = found
    return found


def _plain(kind: Any) -> Any:
    """Returns the type of an argument, for a handle that of any address: what it points to has no fields."""
    is_pointer = isinstance(kind, type) and issubclass(kind, ctypes._Pointer)
    is_handle = (
        is_pointer and issubclass(kind._type_, ctypes.Structure) and not hasattr(kind._type_, "_fields_")
    )
    return ctypes.c_void_p if is_handle else kind
