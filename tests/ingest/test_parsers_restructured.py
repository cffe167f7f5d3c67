"""reStructuredText as its reader sees it: roles, links, targets, directives, comments and literal blocks."""

from __future__ import annotations

import pytest

from ingest.parsers.restructured import as_read
from tests.ingest.blocks import kinds
from tests.ingest.pages import read


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("See :ref:`the guide <guide-leave>`, please.", "See the guide, please."),
        ("Call :py:meth:`~shop.cart.Cart.pay` or :func:`open`.", "Call pay or open."),
        ("Set ``a = *b`` and **never** *that*.", "Set a = *b and never that."),
        ("The `handbook <https://example.org/h>`_ and `forms`__.", "The handbook and forms."),
        ("See :ref:`the\nguide <leave>` and `all\nforms <f>`_.", "See the\nguide and all\nforms."),
        ("2 * 3 * 4, 2**8, a*b*c", "2 * 3 * 4, 2**8, a*b*c"),
        (".. note:: Ask *first*.", "Note: Ask first."),
        (".. deprecated:: 2.0 Use :func:`pay`.", "Deprecated since version 2.0 Use pay."),
        (".. function:: open(name)", "open(name)"),
        (".. [1] A footnote.", "[1] A footnote."),
    ],
)
def test_a_line_is_read_without_its_marks(written: str, seen: str) -> None:
    assert as_read(written) == seen


@pytest.mark.parametrize(
    "hidden",
    [
        ".. _leave:",
        ".. _forms: https://example.org/forms",
        "__ https://example.org/forms",
        ".. A remark\n   of two lines\n\n   and a third.",
        "..\n   A remark.",
        ".. toctree::\n   :maxdepth: 2\n\n   leave\n   pay",
        ".. index:: leave; pay",
        ".. autoclass:: shop.cart.Cart\n   :members:",
    ],
)
def test_what_no_reader_sees_is_left_out_and_nothing_else(hidden: str) -> None:
    seen = as_read(f"Before.\n\n{hidden}\n\nBehind.\n")
    assert seen.split() == ["Before.", "Behind."]


def test_code_and_literal_blocks_keep_their_marks_and_end_where_they_end() -> None:
    block = "   total = `a` ** 2\n\n   .. _kept:\n"
    for opening, shown in [
        (".. code-block:: python\n   :linenos:", ""),
        ("So::", "So:"),
        ("So ::", "So "),
        ("::", ""),
    ]:
        seen = as_read(f"{opening}\n\n{block}\n*Behind* it.\n")
        assert (
            seen == f"{shown}\n\n{block}\nBehind it.\n"
            if shown
            else seen.strip("\n") == f"{block}\nBehind it."
        )


def test_what_stands_below_a_note_is_read() -> None:
    assert as_read(".. warning::\n   :class: wide\n\n   Ask :ref:`her`.\n") == "Warning:\n\n   Ask her.\n"


def test_a_file_is_read_so_by_its_name_alone() -> None:
    source = "Leave\n=====\n\n.. _leave:\n\nAsk the `head <h>`_ of department.\n"
    assert kinds(read(source, "leave.rst")) == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Ask the head of department."),
    ]
    assert "`head <h>`_" in read(source, "leave.txt").text
