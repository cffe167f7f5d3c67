"""Tags of a site's generator in Markdown: what they would show is kept, the rest is no text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.assembly import Limits
from ingest.parsers.markdown import read
from ingest.parsers.templating import without_tags


def text_of(markdown: str) -> str:
    return read(markdown.encode(), "handbook.md", Limits()).text


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ('See [Overtime]({% page "/leave/overtime/" %}): two hours.', "See Overtime: two hours."),
        ('Ask {% slack_channel "people-ops" %} first.', "Ask people-ops first."),
        (
            'Ask {% slack_channel "talent" "the Talent team" %} or [us]({%link "a.md" %}).',
            "Ask the Talent team or us.",
        ),
        ('{% alert "Heads up!" "warning" "slim" %}\n\nIt closes at five.', "Heads up!\n\nIt closes at five."),
        ("Kept. {% comment %}\nold rule\n{% endcomment %}New rule.", "Kept. New rule."),
        ("{% if staff %}Staff only.{% endif %}", "Staff only."),
        ('Film: {{< youtube "dQw4w9WgXcQ" >}} ends here.', "Film: ends here."),
        (
            '{{% alert title="注意" color="info" %}}\n五日前に届け出る。\n{{% /alert %}}',
            "注意\n五日前に届け出る。",
        ),
        ("Write `{% page %}` to link.", "Write {% page %} to link."),
        ("{% raw %}Write {% page %} to link.{% endraw %}", "Write {% page %} to link."),
        ("A tag that is open {% stays.", "A tag that is open {% stays."),
        ("Prices fell by 100{% in May.", "Prices fell by 100{% in May."),
        ("Dear {{ name }}, welcome.", "Dear {{ name }}, welcome."),
        ("Write {% at the start of a line and %} at its end.",) * 2,
        ("Write {% and %} around it, or {% or %}.",) * 2,
        ("「{% と %}で囲む」",) * 2,
        ("See {% note 'how we are paid each month' %}.", "See how we are paid each month."),
        ("{% load one two three four five %}Kept.", "Kept."),
        ("Discount {%5 for 10 units%} done.",) * 2,
        ("{%\n comment of TeX\n%} ends.",) * 2,
        ('{%\n  include "a.md"\n%}\nKept.', "Kept."),
        ("{%- if staff -%}Staff.{%endif%} {%+ endif %}{% # a note %}End.", "Staff. End."),
        ('{% callout type="x" title="Heads up" %}Text.{% /callout %}', "Heads up Text."),
        ('Pay in {% tooltip "24 months" %} or {% note "24時間" %}.', "Pay in 24 months or 24時間."),
        ('A film {% image "a/b.png" "300px" %}{% image "640" %}ends.', "A film ends."),
        (
            '{{< tab name="Linux" >}}apt{{< /tab >}}{{< tab "Windows" >}}winget',
            "Linux apt Windows winget",
        ),
        ("One{% else %}two. Day{% if n %}s{% endif %}.", "One two. Days."),
        ('この{{< tip "休暇" >}}申請は。', "この休暇申請は。"),
        ("```{% a %}``` and {% b %}.", "{% a %} and ."),
    ],
)
def test_a_tag_leaves_what_a_reader_would_see(markdown: str, shown: str) -> None:
    assert " ".join(text_of(markdown).split()) == " ".join(shown.split())


@pytest.mark.parametrize(
    "code",
    [
        "> ```jinja\n> {% for x in y %}\n> ```",
        "- Write:\n\n  ```jinja\n  {% for x in y %}\n  ```",
        "1. ```\n   {% for x in y %}\n   ```",
        "Write:\n\n    {% for x in y %}\n\n    or so",
        "\t{% for x in y %}",
    ],
)
def test_code_keeps_its_tags_and_the_text_behind_it_loses_them(code: str) -> None:
    text = text_of(f"{code}\n\nText {{% endfor %}}ends.\n")
    assert "{% for x in y %}" in text
    assert text.endswith("Text ends.")


@pytest.mark.parametrize("above", ["- Item\n\n", "1. Item\n", "!!! note\n\n", "Text\n"])
def test_indented_text_that_is_no_code_loses_its_tags(above: str) -> None:
    assert "endfor" not in text_of(f"{above}    Text {{% endfor %}} ends.\n")


def test_a_picture_by_a_tag_leaves_its_description_and_code_stays() -> None:
    text = text_of('{% image "_img/7.png" "how to choose a flight" %}\n\n```\n{% for x in y %}\n```\n')
    assert "how to choose a flight" in text
    assert "7.png" not in text
    assert "{% for x in y %}" in text


@given(st.text(alphabet="ab{}%<>`~()[]\"'\n /-" + "#", max_size=60))
def test_any_text_is_read_and_one_without_tags_stays(text: str) -> None:
    read_once = without_tags(text)
    if "{%" not in text and "{{" not in text:
        assert read_once == text
    assert len(read_once) <= len(text)


@pytest.mark.parametrize(
    "piece",
    [
        "{% a",
        "{% raw %}",
        "{% comment %}",
        "](",
        "`a ",
        "~~~\n",
        "- ",
        "1.",
        "> \n",
        "    {%\n",
        "```a",
        "{% a b c d e ",
        "{{<",
        '{% x "',
        " ",
        f"{{%{'a' * 990}%}}",
    ],
)
def test_a_text_of_open_tags_is_read_in_linear_time(piece: str) -> None:
    """A million characters of what begins and never ends: hours where every beginning looks for an end."""
    text = piece * (1_000_000 // len(piece)) + "{%"
    assert len(without_tags(text)) <= len(text)
