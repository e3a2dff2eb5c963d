"""Importers, each on a tiny invented clone laid out like the real repository."""

import gzip
import json

import pytest

from filter.corpora.importers import SOURCES, Outcome, import_corpus
from filter.corpora.pages import read_pages
from filter.errors import CorpusError

HTML = '<html lang="en-GB"><head><title>Ferry</title></head><body><p>The ferry was late.</p></body></html>'


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def imported(name, clone, **options):
    out = clone.parent / "out.parquet"
    outcomes = import_corpus(name, clone, out, **options)
    return outcomes, list(read_pages([out]))


def wcxb_page(number, url):
    return {
        "url": url,
        "file_id": number,
        "_internal": {"page_type": {"primary": "forum"}},
        "ground_truth": {
            "title": "Ferry late",
            "main_content": "The ferry was late.",
            "with": ["ferry"],
            "without": ["Menu", "Share"],
        },
    }


@pytest.fixture
def wcxb(tmp_path):
    clone = tmp_path / "wcxb"
    for number, url in (("0001", "https://news.harbour.co.uk/1"), ("0002", "http://"), ("0003", "https://quay.com/3")):
        write(clone / f"dev/ground-truth/{number}.json", wcxb_page(number, url))
        write(clone / f"dev/html/{number}.html.gz", gzip.compress(HTML.encode()))
    write(clone / "test/ground-truth/0009.json", wcxb_page("0009", "https://secret.com/"))
    return clone


def test_wcxb(wcxb):
    outcomes, (first, second, _) = imported("wcxb", wcxb)
    assert outcomes == {Outcome.WRITTEN: 3}
    assert (first.id, first.source, first.licence) == ("wcxb-dev-0001", "wcxb-dev", "CC-BY-4.0")
    assert (first.url, first.domain) == ("https://news.harbour.co.uk/1", "harbour.co.uk")
    assert (first.kind, first.lang, first.title) == ("forum", "en", "Ferry late")
    assert (first.html, first.text) == (HTML, "The ferry was late.")
    assert (first.must_have, first.must_not_have) == (("ferry",), ("Menu", "Share"))
    assert second.domain == "unknown-wcxb-dev-0002"


def test_pages_of_reserved_domains_are_left_out(wcxb, tmp_path):
    write(tmp_path / "reserved.txt", "# test sets\nHarbour.co.uk\n\nelsewhere.org\n")
    outcomes, records = imported("wcxb", wcxb, exclude_domains=tmp_path / "reserved.txt")
    assert outcomes == {Outcome.WRITTEN: 2, Outcome.EXCLUDED: 1}
    assert [record.id for record in records] == ["wcxb-dev-0002", "wcxb-dev-0003"]


def test_pages_that_are_missing_or_no_text_are_counted(wcxb):
    (wcxb / "dev/html/0001.html.gz").unlink()
    write(wcxb / "dev/html/0002.html.gz", b"no gzip")
    write(wcxb / "dev/html/0003.html.gz", gzip.compress(b"%PDF-1.7"))
    assert imported("wcxb", wcxb) == ({Outcome.NO_PAGE: 3}, [])


def fundus_gold(title, *, summary=(), sections=()):
    body = {"summary": list(summary), "sections": [{"headline": list(h), "paragraphs": list(p)} for h, p in sections]}
    return {"title": title, "body": body}


def test_fundus(tmp_path):
    folder = tmp_path / "fundus/tests/resources/parser/test_data/at"
    names = ["Harbour_2024_05_03", "Harbour_2025_01_02", "Harbour_2026_01_02", "Quay_2024_01_01", "Mole_2024_01_01"]
    write(folder / "meta.info", {f"{name}.html.gz": {"url": f"https://{name[:4]}.com/{name}"} for name in names})
    for name in names:
        write(folder / f"{name}.html.gz", gzip.compress(HTML.encode()))
    first = fundus_gold("One", summary=["Late."], sections=[([], ["A.", "B."]), (["Why"], ["C."])])
    gold = {"V10": fundus_gold("Ten", sections=[([], ["Z."])]), "V2": fundus_gold("Two", summary=["Y."]), "V1": first}
    write(folder / "Harbour.json", gold)
    write(folder / "Quay.json", {"V1": gold["V1"], "V2": gold["V2"]})
    write(folder / "Mole.json", {"V1": {"title": "No body", "body": None}})
    outcomes, records = imported("fundus", tmp_path / "fundus")
    assert outcomes == {Outcome.WRITTEN: 3, Outcome.NO_GOLD: 2}
    assert [(record.id, record.title, record.text) for record in records] == [
        ("fu-at-Harbour_2024_05_03", "One", "Late.\n\nA.\n\nB.\n\nWhy\n\nC."),
        ("fu-at-Harbour_2025_01_02", "Two", "Y."),
        ("fu-at-Harbour_2026_01_02", "Ten", "Z."),
    ]
    assert (records[0].domain, records[0].licence) == ("harb.com", "MIT (labels)")


def test_magic_html(tmp_path):
    clone = tmp_path / "magic"
    for kind, name in (("article", "ab" * 32), ("forum", "cd" * 32)):
        folder = clone / "benchmark/data" / kind
        write(folder / "base.json", {name: {"url": f"https://{kind}.com/", "content": "船晚点了。"}})
        write(folder / "htmls" / f"{name}.html", "<p>船晚点了。")
    outcomes, records = imported("magic-html", clone)
    assert outcomes == {Outcome.WRITTEN: 2}
    assert [(record.id, record.kind, record.text, record.lang) for record in records] == [
        ("mh-abababababab", "article", "船晚点了。", None),
        ("mh-cdcdcdcdcdcd", "forum", "船晚点了。", None),
    ]


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ('<link rel="canonical" href="https://quay.com/a">', "https://quay.com/a"),
        (
            '<link rel="canonical" href="https://quay.com/a"><meta property="og:url" content="https://q.com/">',
            "https://q.com/",
        ),
        ('<link rel="canonical" href="/a">', None),
        ("", None),
    ],
)
def test_readability(tmp_path, head, url):
    folder = tmp_path / "readability/test/test-pages/ferry"
    write(folder / "source.html", f"<html xml:lang=de><head>{head}</head><p>The ferry was late.")
    write(folder / "expected.html", "<div><h2>Ferry</h2>\n<p>The <b>ferry</b>\n was late.</p></div>")
    _, (record,) = imported("readability", tmp_path / "readability")
    assert (record.id, record.text, record.lang) == ("rd-ferry", "Ferry\n\nThe ferry was late.", "de")
    assert record.url == url
    assert (record.domain == "unknown-rd-ferry") is (url is None)


def test_trafilatura(tmp_path):
    clone = tmp_path / "trafilatura"
    pages = {
        "https://www.quay.at/a": {"file": "quay.at.a.html", "with": ["Fähre"], "without": ["Menü"]},
        "hard::mole.html": {"file": "mole.html", "with": ["Fähre"], "without": ["Menü"]},
        "https://gone.at/": {"file": "gone.html", "with": ["Fähre"], "without": ["Menü"]},
    }
    write(clone / "tests/evaldata.json", pages)
    write(clone / "tests/cache/quay.at.a.html", '<meta charset="iso-8859-1"><p>Die Fähre kam spät.'.encode("latin-1"))
    write(clone / "tests/eval/mole.html", "<p>Die Fähre kam spät.")
    outcomes, (first, second) = imported("trafilatura", clone)
    assert outcomes == {Outcome.WRITTEN: 2, Outcome.NO_PAGE: 1}
    assert (first.id, first.domain, first.text) == ("tf-quay.at.a.html", "quay.at", None)
    assert "Die Fähre kam spät." in first.html
    assert (first.must_have, first.must_not_have) == (("Fähre",), ("Menü",))
    assert (second.url, second.domain) == ("hard::mole.html", "unknown-tf-mole.html")


def test_an_unknown_name_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(CorpusError, match=r"'wikipedia'; there are wcxb, fundus, magic-html, readability, trafilatura"):
        import_corpus("wikipedia", tmp_path, tmp_path / "out.parquet")


@pytest.mark.parametrize("name", SOURCES)
def test_a_folder_that_is_no_such_clone_is_refused(tmp_path, name):
    (tmp_path / "clone").mkdir()
    with pytest.raises(CorpusError):
        import_corpus(name, tmp_path / "clone", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_a_broken_entry_is_refused(wcxb, tmp_path):
    write(wcxb / "dev/ground-truth/0002.json", {"url": "https://quay.com/"})
    with pytest.raises(CorpusError, match=r"not as wcxb-dev has them: KeyError\('ground_truth'\)"):
        import_corpus("wcxb", wcxb, tmp_path / "out.parquet")
    write(wcxb / "dev/ground-truth/0002.json", "{")
    with pytest.raises(CorpusError, match="cannot be read as JSON"):
        import_corpus("wcxb", wcxb, tmp_path / "out.parquet")


def test_a_missing_list_of_domains_is_refused(wcxb, tmp_path):
    with pytest.raises(CorpusError, match=r"reserved\.txt"):
        import_corpus("wcxb", wcxb, tmp_path / "out.parquet", exclude_domains=tmp_path / "reserved.txt")
