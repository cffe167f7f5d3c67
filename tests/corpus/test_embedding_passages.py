"""What is embedded of a passage whose title, headings or text are in two languages."""

from __future__ import annotations

import pytest

from corpus.embedding import open_embedder
from corpus.embedding.passages import readable, reads_all
from corpus.settings import Settings

BODY = "The canteen opens at noon on the third of May, and lunch is free for everybody that week."
NOTICE = "社員食堂の開設に関するお知らせと利用上の注意について"
PLACES = "食堂の場所と営業時間と献立の一覧"
RULES = "出張の申請は上長の承認を得てから行う。\n\n宿泊費は一泊一万円を上限とする。"
TABLE = "Place | Fee\nOslo | 12"


def covers(text: str) -> bool:
    letters = [one for one in text if one.isalpha()]
    return sum(one.isascii() for one in letters) >= 0.75 * len(letters)


@pytest.mark.parametrize(
    ("context", "text", "embedded"),
    [
        ("Handbook > Meals", BODY, f"Handbook > Meals\n\n{BODY}"),
        ("", BODY, BODY),
        # What it reads as it is stays as it is, a foreign name or two among it.
        ("Handbook > 食事", f"Meals. {BODY}", f"Handbook > 食事\n\nMeals. {BODY}"),
        # What hides the rest is left out.
        (NOTICE, BODY, BODY),
        (
            f"就業規則第三章第二節 > Meals > 食事の提供と費用負担に関する細則の別表第四\n{TABLE}",
            BODY,
            f"Meals\n{TABLE}\n\n{BODY}",
        ),
        (NOTICE, f"{NOTICE}\n\n{PLACES}\n\n{BODY}", BODY),
        (f"Notices > {NOTICE}", f"{NOTICE}\n\n{BODY}", f"Notices\n\n{BODY}"),
        # Its own words decide.
        (f"Handbook > {BODY}", "食堂は五月三日の正午から利用できる。", ""),
        (f"Handbook > {BODY}", "Oslo | 12", f"Handbook > {BODY}\n\nOslo | 12"),
        ("出張旅費規程の別表における日当と宿泊費の限度額", "Oslo | 12", ""),
        ("", "食堂は五月三日の正午から利用できる。\nThe canteen opens at noon on the third of May.", ""),
        ("食堂", "", ""),
        # Short paragraphs are no headings, and what little stands under headings is not what they speak of.
        ("", f"{RULES}\n\n{BODY}", ""),
        (NOTICE, f"{NOTICE}\n\n{RULES}\n\n{BODY}", ""),
        (NOTICE, f"{NOTICE}\n\n{PLACES}\n\nLunch is free for all in May.", ""),
    ],
)
def test_a_passage_is_embedded_as_far_as_its_own_words_are_read(
    context: str, text: str, embedded: str
) -> None:
    assert readable(context, text, [PLACES], covers) == embedded
    assert reads_all(context, text, covers) == (embedded == f"{context}\n\n{text}".strip())


def test_the_real_model_reads_an_english_mail_under_a_japanese_subject() -> None:
    embedder = open_embedder(Settings())
    subject = "【重要】社員食堂の開設に関するお知らせと利用上の注意について"
    text = f"{subject}\n\nTo: all@example.com\n\nFrom: Anna <anna@example.com>\n\n{BODY}"
    assert not embedder.covers(f"{subject}\n\n{text}")
    assert readable(subject, text, (), embedder.covers).endswith(BODY)
    assert subject not in readable(subject, text, (), embedder.covers)
