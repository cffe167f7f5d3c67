"""Numbers as lists are numbered with: letters, Roman, circled, full-width, kana and Japanese ones."""

from __future__ import annotations

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_AIUEO = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン"
_KANA = {"aiueo": _AIUEO, "aiueoFullWidth": _AIUEO, "iroha": _IROHA, "irohaFullWidth": _IROHA}

_MOST_LETTERS = 30
"""As often a letter is written for a high number: ``aa`` for 27."""


def show_numeral(number: int, form: str) -> str:
    """Returns a number in one of Word's formats (ECMA-376, part 1, 17.18.59), in digits where that is not known."""
    if form in ("lowerLetter", "upperLetter") and 0 < number <= 26 * _MOST_LETTERS:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
        signs = ("m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i")
        shown = ""
        for value, sign in zip(values, signs, strict=True):
            shown += sign * (number // value)
            number %= value
        return shown.upper() if form == "upperRoman" else shown
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and 0 < number <= 20:
        return chr(0x2460 + number - 1)
    if form in ("decimalFullWidth", "decimalFullWidth2"):
        return str(number).translate(_FULL_WIDTH)
    if form in _KANA and 0 < number <= len(_KANA[form]):
        return _KANA[form][number - 1]
    if form in ("japaneseCounting", "chineseCounting", "ideographDigital") and 0 < number < 100:
        return _show_japanese(number, digital=form == "ideographDigital")
    return f"{number:02}" if form == "decimalZero" else str(number)


def _show_japanese(number: int, *, digital: bool) -> str:
    digits = "〇一二三四五六七八九"
    if digital:
        return "".join(digits[int(digit)] for digit in str(number))
    tens, ones = divmod(number, 10)
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")
