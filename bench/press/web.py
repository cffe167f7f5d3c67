"""HTML: a page of the company's site or intranet, with the navigation such pages carry."""

from __future__ import annotations

from html import escape

from markdown_it import MarkdownIt

from bench.press.source import Source

_NAVIGATION = {
    "en": ("Home", "Products", "Support", "Documents", "Contact"),
    "ja": ("ホーム", "製品情報", "サポート", "各種資料", "お問い合わせ"),
}
_PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<title>{title} | {company}</title>
<meta name="date" content="{dated}">
<meta name="description" content="{subtitle}">
<style>
body {{ margin: 0; font: 16px/1.6 system-ui, sans-serif; color: #1d2429; }}
header, footer {{ background: #0b4f6c; color: #fff; padding: 0.8rem 2rem; }}
nav a {{ color: #cfe6ee; margin-right: 1.2rem; text-decoration: none; }}
main {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; }} th, td {{ border: 1px solid #b9c6cc; padding: 0.3rem 0.6rem; }}
</style>
<script>document.documentElement.classList.add("js");</script>
</head>
<body>
<header><strong>{company}</strong>
<nav>{navigation}</nav></header>
<main>
<article>
<h1>{title}</h1>
{control}{body}</article>
</main>
<footer>© {year} {company}</footer>
</body>
</html>
"""


def print_html(source: Source) -> bytes:
    """Returns the page, UTF-8."""
    links = (f'<a href="#{i}">{escape(name)}</a>' for i, name in enumerate(_NAVIGATION[source.lang], 1))
    control = " · ".join(f"{name}: {value}" for name, value in source.control())
    page = _PAGE.format(
        lang=source.lang,
        title=escape(source.title),
        company=escape(source.company),
        subtitle=escape(source.subtitle),
        dated=source.dated.isoformat(),
        year=source.dated.year,
        navigation=" ".join(links),
        control=f"<p>{escape(control)}</p>\n" if control else "",
        body=MarkdownIt("commonmark").enable("table").render(source.body),
    )
    return page.encode()
