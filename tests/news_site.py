"""A news site on loopback: stories of ``tests/site`` in many layouts, whole pages, and answers that are no page.

Each story of ``tests/site`` is one newspaper of its own, with the frame that surrounds its articles.
"""

import gzip
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

TESTS = Path(__file__).parent
Story = dict[str, Any]


class Answer(NamedTuple):
    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def stories() -> dict[str, Story]:
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted((TESTS / "site").glob("*.toml"))}


def body(story: Story, paragraph: str = "<p>{}</p>", heading: str = "<h2>{}</h2>") -> str:
    """Return the article's text as markup; ``## `` starts a sub-heading, ``> `` a quotation, ``- `` a list item."""
    parts = []
    for text in map(escape, story["body"]):
        if text.startswith("## "):
            parts.append(heading.format(text[3:]))
        elif text.startswith("&gt; "):
            parts.append(f"<blockquote><p>{text[5:]}</p></blockquote>")
        elif text.startswith("- "):
            parts.append(f"<ul><li>{text[2:]}</li></ul>")
        else:
            parts.append(paragraph.format(text))
    return "\n".join(parts).replace("</ul>\n<ul>", "\n")


def links(texts: list[str], item: str = "<li>{}</li>") -> str:
    return "\n".join(item.format(f'<a href="/s/{n}">{escape(text)}</a>') for n, text in enumerate(texts))


def page(story: Story, content: str, head: str = "") -> str:
    title = f"<title>{escape(story['headline'])} | {escape(story['site'])}</title>"
    direction = ' dir="rtl"' if story["lang"] == "ar" else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{story["lang"]}"{direction}>\n<head><meta charset="utf-8">{title}{head}</head>\n'
        f"<body>\n{content}\n</body>\n</html>\n"
    )


def semantic(s: Story) -> str:
    return page(
        s,
        f'<header><a href="/" class="logo">{s["site"]}</a><nav><ul>{links(s["nav"])}</ul></nav></header>'
        f'<main><article><h1>{s["headline"]}</h1><p class="standfirst">{s["deck"]}</p>'
        f'<p class="byline">{s["byline"]} <time>{s["date"]}</time></p>'
        f'<figure><img src="1.jpg" alt=""><figcaption>{s["caption"]}</figcaption></figure>{body(s)}'
        f'<p class="note">{s["disclaimer"]}</p></article>'
        f"<aside><h2>{s['related_title']}</h2><ul>{links(s['related'])}</ul></aside></main>"
        f'<section class="newsletter"><p>{s["signup"]}</p></section>'
        f'<footer><p>{s["copyright"]}</p></footer><div class="cookie-banner">{s["cookie"]}</div>',
    )


def tables(s: Story) -> str:
    return page(
        s,
        f'<table width="960" align="center"><tr><td colspan="3"><b>{s["site"]}</b></td></tr><tr>'
        f'<td valign="top" width="140">{links(s["nav"], "{}<br>")}</td><td valign="top">'
        f'<font size="5"><b>{s["headline"]}</b></font><br><i>{s["byline"]}, {s["date"]}</i><br><br>'
        f'{body(s, "{}<br><br>", "<b>{}</b><br><br>")}<font size="1">{s["disclaimer"]}</font></td>'
        f'<td valign="top" bgcolor="#eeeecc"><b>{s["related_title"]}</b><br>{links(s["related"], "&raquo; {}<br>")}'
        f'<hr>{s["promo"]}</td></tr><tr><td colspan="3"><small>{s["copyright"]}</small></td></tr></table>',
    )


def bem(s: Story) -> str:
    return page(
        s,
        f'<div class="consent consent--bottom"><p class="consent__text">{s["cookie"]}</p></div>'
        f'<div class="masthead"><div class="masthead__brand">{s["site"]}</div>'
        f'<ul class="masthead__menu">{links(s["nav"], "<li class=masthead__item>{}</li>")}</ul></div>'
        f'<div class="story"><div class="story__head"><h1 class="story__title">{s["headline"]}</h1>'
        f'<div class="story__meta"><span>{s["byline"]}</span> <span>{s["date"]}</span></div></div>'
        f'<div class="story__body">{body(s, "<div class=story__par>{}</div>", "<h3 class=story__sub>{}</h3>")}</div>'
        f'<div class="story__promo promo"><div class="promo__text">{s["promo"]}</div></div></div>'
        f'<div class="rail"><h4 class="rail__title">{s["related_title"]}</h4>'
        f"{links(s['related'], '<div class=rail__teaser>{}</div>')}</div>"
        f'<div class="foot"><div class="foot__signup">{s["signup"]}</div><div>{s["copyright"]}</div></div>',
    )


def utility(s: Story) -> str:
    return page(
        s,
        f'<div id="app"><div class="flex justify-between px-4 py-2"><span class="font-bold">{s["site"]}</span>'
        f'<div class="hidden-sm flex gap-4">{links(s["nav"], "{}")}</div></div>'
        f'<div class="mx-auto max-w-prose mt-8"><h1 class="text-4xl">{s["headline"]}</h1>'
        f'<div class="text-gray-500 text-sm">{s["byline"]} · {s["date"]}</div>'
        f"{body(s, '<p class=mb-4>{}</p>', '<h2 class=mt-6>{}</h2>')}"
        f'<div class="rounded border p-4 my-6">{s["signup"]}</div>'
        f'<p class="text-xs">{s["disclaimer"]}</p></div>'
        f'<div class="grid grid-cols-3 gap-6"><div class="col-span-3">{s["related_title"]}</div>'
        f"{links(s['related'], '<div class=p-2>{}</div>')}</div>"
        f'<div class="bg-gray-100 text-xs p-4">{s["copyright"]}</div></div>',
    )


def nameless(s: Story) -> str:
    """Class names as a bundler makes them, and an advert and a teaser between the paragraphs."""
    first, _, rest = body(s).partition("</p>\n")
    return page(
        s,
        f'<div class="x1a"><div class="q9">{links(s["nav"], "<span class=q1>{}</span>")}</div>'
        f'<div class="k77"><div class="t0"><h1>{s["headline"]}</h1><h2>{s["deck"]}</h2></div>'
        f'<div class="u4">{s["byline"]}</div><div class="z3">{first}</p>'
        f'<div class="w8"><p>{s["promo"]}</p></div>{rest}<p><a href="/s/0">{s["related"][0]}</a></p></div>'
        f'<div class="v2"><h3>{s["related_title"]}</h3>{links(s["related"], "<p class=v3>{}</p>")}</div></div>'
        f'<div class="q0"><p>{s["signup"]}</p><p>{s["copyright"]}</p></div></div>',
    )


def breaks(s: Story) -> str:
    return page(
        s,
        f"<div id=top>{links(s['nav'], '{} | ')}</div><div id=left><b>{s['related_title']}</b><br>"
        f"{links(s['related'], '- {}<br>')}</div><div id=content><h2>{s['headline']}</h2>{s['date']}<br><br>"
        f"{body(s, '{}<br /><br />', '<strong>{}</strong><br /><br />')}{s['byline']}</div>"
        f"<div id=ad>{s['promo']}</div><div id=bottom>{s['copyright']}</div>",
    )


def json_ld(s: Story) -> str:
    head = (
        f'<meta property="og:title" content="{escape(s["headline"])}"><script type="application/ld+json">'
        f'{{"@type": "NewsArticle", "headline": "{escape(s["headline"])}"}}</script><style>p {{margin: 1em}}</style>'
    )
    return page(
        s,
        f'<nav aria-label="main">{links(s["nav"], "{} ")}</nav><div itemscope itemtype="https://schema.org/NewsArticle">'
        f'<h1 itemprop="headline">{s["headline"]}</h1><div itemprop="author">{s["byline"]}</div>'
        f'<div itemprop="articleBody">{body(s)}</div></div>'
        f'<ul class="share"><li>Facebook</li><li>X</li><li>E-mail</li></ul>'
        f'<div class="related-stories"><h2>{s["related_title"]}</h2><ul>{links(s["related"])}</ul></div>'
        f'<form action="/subscribe"><label>{s["signup"]}</label><input name="email"><button>OK</button></form>'
        f"<footer>{s['copyright']}</footer><script>window.track = 1;</script>",
        head,
    )


def blog(s: Story) -> str:
    return page(
        s,
        f'<div id="page" class="site"><div class="site-branding"><p class="site-title">{s["site"]}</p></div>'
        f'<div class="menu-container"><ul id="primary-menu">{links(s["nav"])}</ul></div>'
        f'<div class="hentry post-1418"><h1 class="entry-title">{s["headline"]}</h1>'
        f'<div class="entry-meta">{s["date"]} | {s["byline"]}</div><div class="entry-content">'
        f'<div class="wp-caption"><img src="2.jpg" alt=""><p class="wp-caption-text">{s["caption"]}</p></div>{body(s)}'
        f'<div class="sharedaddy"><h3>Share this:</h3><ul><li>Twitter</li><li>Print</li></ul></div></div></div>'
        f'<div class="widget-area"><h2 class="widget-title">{s["related_title"]}</h2><ul>{links(s["related"])}</ul>'
        f'<div class="textwidget">{s["promo"]}</div></div><div class="site-info">{s["copyright"]}</div></div>',
    )


def live(s: Story) -> str:
    return page(
        s,
        f"<header>{s['site']} {links(s['nav'], '<span>{}</span>')}</header><h1>{s['headline']}</h1>"
        f'<div class="liveblog" role="main">{body(s, "<section class=post><p>{}</p></section>")}</div>'
        f'<div class="ad-slot"><span>{s["promo"]}</span></div><div role="complementary"><h2>{s["related_title"]}</h2>'
        f'<ol>{links(s["related"])}</ol></div><footer role="contentinfo"><p>{s["signup"]}</p><p>{s["copyright"]}</p>'
        f"<p>{s['cookie']}</p></footer>",
    )


def unclosed(s: Story) -> str:
    """As written by hand: no head, nothing closed that need not be."""
    return (
        f"<html><title>{s['headline']}</title><body><p>{links(s['nav'], '{} ')}<h1>{s['headline']}</h1>"
        f"<p><em>{s['byline']}</em>{body(s, '<p>{}')}<hr><p>{s['related_title']}"
        f"<ul>{links(s['related'], '<li>{}')}</ul>"
        f"<p><small>{s['copyright']}</small>"
    )


LAYOUTS: tuple[Callable[[Story], str], ...] = (
    semantic,
    tables,
    bem,
    utility,
    nameless,
    breaks,
    json_ld,
    blog,
    live,
    unclosed,
)


def story_pages() -> dict[str, bytes]:
    """Return each story in two layouts, no two neighbours alike, by path."""
    pages = {}
    for number, (name, story) in enumerate(stories().items()):
        for layout in (LAYOUTS[number % 10], LAYOUTS[(number + 3 + number // 10) % 10]):
            pages[f"/{story['lang']}/{name}-{layout.__name__}.html"] = layout(story).encode()
    return pages


def whole_pages() -> dict[str, bytes]:
    """Return the pages of ``tests/pages`` and ``examples``, by path."""
    files = [*TESTS.glob("pages/*/page.html"), *TESTS.parent.glob("examples/*.html")]
    return {f"/whole/{file.parent.name}-{file.name}": file.read_bytes() for file in sorted(files)}


def answers() -> dict[str, Answer]:
    """Return what the site answers, by path: every page, and what a crawl meets besides pages."""
    made = {path: Answer(data) for path, data in (story_pages() | whole_pages()).items()}
    first, second, third, *_ = (answer.body for answer in made.values())
    russian = unclosed(stories()["ru-bereg"])
    made |= {
        "/moved": Answer(b"", status=301, headers=(("Location", "/new-place"),)),
        "/gone": Answer(first, status=404),
        "/packed": Answer(gzip.compress(second), headers=(("Content-Encoding", "gzip"),)),
        "/wrong-charset": Answer(third, "text/html; charset=shift_jis"),
        "/header-charset": Answer(russian.encode("cp1251"), "text/html; charset=windows-1251"),
        "/report.pdf": Answer(
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "application/pdf"
        ),
        "/empty": Answer(b""),
        "/plain": Answer("\n".join(stories()["en-ferry"]["body"]).encode(), "text/plain; charset=utf-8"),
    }
    index = "".join(f'<li><a href="{path}">{path}</a></li>' for path in made)
    made["/"] = Answer(f"<!DOCTYPE html><html><body><ul>{index}</ul></body></html>".encode())
    made["/new-place"] = Answer(first.replace(b"<title>", b"<title>Moved: "))
    return made


@contextmanager
def serve() -> Iterator[str]:
    """Give the address of the site, served in a thread."""
    known = answers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = known.get(self.path, Answer(b"not here", "text/plain", 404))
            self.send_response(answer.status)
            for name, value in (("Content-Type", answer.kind), *answer.headers):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
