"""``docs/settings.md`` documents every setting as it is."""

from __future__ import annotations

import re
from pathlib import Path

from corpus.settings import Settings

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


UNITS = {
    "_mb": "MB",
    "_ms": "ms",
    "_s": "s",
    "_chars": "characters",
    "_tokens": "tokens",
    "_pages": "pages",
    "_days": "days",
}


def _documented() -> list[str]:
    return re.findall(r"^\| `([a-z_]+)` \|", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _default(name: str) -> str:
    """A setting's default as it is written in ``vouch.toml``, or in words where it depends on something."""
    field = Settings.model_fields[name]
    if name == "data_dir":
        return "`$XDG_DATA_HOME/vouch`, else `~/.local/share/vouch`"
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default == {} or default == ():
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f'`"{default}"`' if isinstance(default, str) else f"`{default:_}`"


def _row(name: str) -> str:
    unit = next((f" {unit}" for end, unit in UNITS.items() if name.endswith(end)), "")
    meaning = Settings.model_fields[name].description
    return f"| `{name}` | {_default(name)} |{unit} | `VOUCH_{name.upper()}` | {meaning} |"


def test_every_setting_has_its_row_and_no_other_has_one() -> None:
    missing = [_row(name) for name in Settings.model_fields if name not in _documented()]
    assert not missing, "add to docs/settings.md:\n" + "\n".join(missing)
    gone = sorted(set(_documented()) - set(Settings.model_fields))
    assert not gone, f"remove from docs/settings.md: {gone}"
    assert len(_documented()) == len(set(_documented()))


def test_every_row_says_what_the_code_says() -> None:
    lines = set(REFERENCE.read_text(encoding="utf-8").splitlines())
    wrong = [_row(name) for name in Settings.model_fields if _row(name) not in lines]
    assert not wrong, "docs/settings.md should say:\n" + "\n".join(wrong)
