"""The explanation page: its markup, and what a person finds in a browser (headless Chromium, where there is one)."""

import base64
import hashlib
import re
import shutil
import time
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from filter import Label, explain, explanation_html, explanation_page
from filter.labels import LABELS
from filter.original import shown_original

EXAMPLES = Path(__file__).parent.parent / "examples"
MARKET = EXAMPLES / "market.html"
CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
HOSTILE = """<!doctype html><title></title></script><script>window.ran=1</script></title>
<style>@import url(//evil.example/a.css);</style><base href=//evil.example/>
<meta http-equiv=refresh content=0;url=//evil.example>
<body onload="parent.ran=1"><p>"&gt;&lt;script&gt;window.ran=1&lt;/script&gt; '
onfocus='ran=1' autofocus {{script}} {{lines}}</p>
<p id='"><script>ran=1</script>' class="x&quot; onmouseover=&quot;ran=1">
&lt;/p&gt;&lt;/main&gt;&lt;img src=x onerror=ran=1&gt;
<a href="javascript:parent.ran=1">The council voted on Tuesday to reopen the river ferry after the flood.</a></p>
<"><img src=x onerror=ran=1>'><p>--&gt; &lt;/iframe&gt; &amp;quot; &amp;lt;script&amp;gt; \u2028 the last line of it all
<svg><style></style><script>parent.ran=1</script></svg>
<iframe srcdoc="<script>parent.parent.ran=1</script>"></iframe>"""


def large_page() -> str:
    """Return a page of 300 blocks: a long report, its menu, stories beside it and comments."""
    menu = "".join(f"<li><a href=/part/{number}>Part {number}</a>" for number in range(40))
    streets = ("Mill Lane", "Harbour Road", "Church Street", "Station Square", "Old Dyke")
    paragraphs = "".join(
        f"<p>On {streets[number % 5]} the water stood {number % 9 + 2} inches high on day {number % 9 + 1}, said "
        f"the warden of house {number}. Nobody was hurt, and the pumps ran until the morning.</p>"
        for number in range(140)
    )
    stories = "".join(f"<li><a href=/s/{number}>How street {number} got its name</a>" for number in range(70))
    comments = "".join(f"<li><b>Reader {number}</b><p>We had no power for {number} hours.</p>" for number in range(24))
    return (
        f"<title>The night of the high water</title><nav><ul>{menu}</ul></nav><main>"
        f"<h1>The night of the high water</h1>{paragraphs}</main>"
        f"<aside><h2>More stories</h2><ul>{stories}</ul></aside><ol class=comments>{comments}</ol>"
    )


@pytest.fixture(scope="module")
def market():
    return explanation_page(explain(MARKET.read_bytes()), name="market.html")


def test_every_line_is_in_the_page_with_its_label_and_reasons(market):
    blocks = explain(MARKET.read_bytes()).blocks
    cards = LexborHTMLParser(market).css(".block")
    assert len(cards) == len(blocks)
    for card, block in zip(cards, blocks, strict=True):
        assert card.css_first(".text").text() == block.line.text
        assert card.attributes["data-label"] == card.css_first(".tag").text() == block.line.label
        assert card.css_first(".place").text() == block.line.source
        assert [item.text() for item in card.css(".reasons li")] == [reason.text for reason in block.reasons]


def test_what_is_dropped_is_folded_and_only_that(market):
    tree = LexborHTMLParser(market)
    folded = {node.attributes["data-label"] for node in tree.css("details .block")}
    shown = {node.attributes["data-label"] for node in tree.css(".block")} - folded
    assert shown == {Label.TITLE, Label.BODY}
    assert not folded & shown
    assert not [node for node in tree.css("details") if "open" in node.attributes]


def test_the_page_needs_nothing_from_outside(market):
    head = re.sub(r'srcdoc="[^"]*"', "", market)
    assert not re.search(r'(src|href)=(?!"#|"data:,)|@import|url\(', head)


def test_the_policy_knows_the_script(market):
    script = re.search(r"<script>(.*)</script>", market, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in market


def test_plain_text_has_no_original():
    page = explanation_page(explain((EXAMPLES / "market.txt").read_bytes()))
    assert "<iframe" not in page
    assert "{{" not in page


def test_a_hostile_page_is_text():
    explanation = explain(HOSTILE, input="html")
    page = explanation_page(explanation, name='"><script>window.ran=1</script>')
    assert len(re.findall("<script", page)) == 1
    tree = LexborHTMLParser(page)
    frame = tree.css_first("iframe").attributes
    colours = (Path(explanation_html.__file__).parent / "explanation_page" / "labels.css").read_text("utf-8")
    assert frame["srcdoc"] == shown_original(HOSTILE, explanation.document, colours)
    assert "<script" not in frame["srcdoc"]
    texts = [node.text() for node in tree.css(".block .text")]
    assert texts == [block.line.text for block in explanation.blocks]


def test_a_page_of_300_blocks_takes_less_than_a_second():
    explain("Rain is due.")  # loads the model
    start = time.process_time()
    explanation = explain(large_page(), input="html")
    page = explanation_page(explanation)
    took = time.process_time() - start
    assert len(explanation.blocks) == 300
    assert page.count('class="block') == 300
    assert took < 1


# --------------------------------------------------------------------------------------------------- in a browser

needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver")


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    profile = tmp_path_factory.mktemp("profile")
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", f"user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture
def show(driver, tmp_path):
    """Return what opens a page, of a width and colour scheme, as a file."""

    def opened(page, *, width=1440, height=900, scheme="light", touch=False):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        file = tmp_path / "page.html"
        file.write_text(page, "utf-8")
        for kind in ("browser", "performance"):
            driver.get_log(kind)
        driver.get(file.as_uri())
        return driver

    return opened


def press(driver, *keys):
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(driver).send_keys(key).perform()


def requests_of(driver) -> list[str]:
    import json

    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    ]


def shown_lines(driver) -> list[str]:
    script = (
        "return [...document.querySelectorAll('.block')].filter(b => b.checkVisibility()).map(b => b.dataset.label)"
    )
    return driver.execute_script(script)


@needs_browser
@pytest.mark.parametrize("source", ["market.html", "market.txt", "arabic.html", "large"])
def test_it_opens_without_an_error_and_without_a_request(show, source):
    data = large_page() if source == "large" else (EXAMPLES / source).read_bytes()
    explanation = explain(data)
    driver = show(explanation_page(explanation, name=source))
    assert driver.get_log("browser") == []
    assert [url for url in requests_of(driver) if not url.startswith(("file:", "data:", "about:"))] == []
    assert len(driver.find_elements("css selector", ".block")) == len(explanation.blocks)
    assert driver.find_element("id", "status").text == f"{len(explanation.blocks)} lines"


@needs_browser
def test_a_hostile_page_does_not_run(show):
    page = explanation_page(explain(HOSTILE, input="html"), name='"><script>window.ran=1</script>')
    driver = show(page)
    assert driver.get_log("browser") == []
    assert [url for url in requests_of(driver) if not url.startswith(("file:", "data:", "about:"))] == []
    assert driver.execute_script("return window.ran === undefined")
    driver.switch_to.frame(driver.find_element("tag name", "iframe"))
    assert driver.execute_script("return window.ran === undefined && document.scripts.length === 0")
    driver.switch_to.default_content()


@needs_browser
def test_policy_and_sandbox_hold_where_the_cleaning_would_fail(show, market):
    """What the tree is cleaned of is put back into the frame: still nothing runs and nothing is asked for."""
    active = (
        "&lt;script&gt;parent.ran=1&lt;/script&gt;&lt;img src='https://evil.example/a.png' onerror='parent.ran=1'&gt;"
    )
    driver = show(re.sub(r'srcdoc="', f'srcdoc="{active}', market))
    assert driver.execute_script("return window.ran === undefined")
    driver.switch_to.frame(driver.find_element("tag name", "iframe"))
    assert len(driver.find_elements("css selector", "script, img[onerror]")) == 2
    driver.switch_to.default_content()
    assert [url for url in requests_of(driver) if "evil.example" in url] == []


_CONTRAST = """
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const parse = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const behind = (node) => {
  for (; node; node = node.parentElement) {
    const color = parse(getComputedStyle(node).backgroundColor);
    if (color[3] === 255) return color.slice(0, 3);
    if (color[3] !== 0) throw new Error("half transparent");
  }
  return [255, 255, 255];
};
return arguments[0].map((node) => {
  const text = luminance(parse(getComputedStyle(node).color).slice(0, 3));
  const paper = luminance(behind(node));
  return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
});
"""


def page_of_all_labels() -> str:
    """Return an explanation page where each label has a line, whatever the model says of it."""
    page = explanation_page(explain(large_page(), input="html"))
    for number, label in enumerate(LABELS, 50):
        page = re.sub(
            rf'data-label="\w+"(?= tabindex="0" role="group" aria-label="Line {number}:)', f'data-label="{label}"', page
        )
    chips = "".join(
        f'<button class="chip" data-label="{label}" aria-pressed="false">{label}</button>' for label in LABELS
    )
    return re.sub(r'(<div class="chips"[^>]*>).*?</div>', rf"\g<1>{chips}</div>", page)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_aa_for_every_label(show, scheme):
    driver = show(page_of_all_labels(), scheme=scheme)
    driver.execute_script("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
    for label in LABELS:
        block = driver.find_element("css selector", f'.block[data-label="{label}"]')
        driver.execute_script("arguments[0].focus()", block)
        parts = [driver.find_element("css selector", f'.chip[data-label="{label}"]')]
        parts += block.find_elements(
            "css selector", ".tag, .meta > span:not(.bar), .text, .why h2, .why li span, .why dt, .why code"
        )
        assert len(parts) >= 8
        ratios = driver.execute_script(_CONTRAST, parts)
        assert min(ratios) >= 4.5, (label, ratios)
    others = driver.find_elements(
        "css selector", "h1, .facts, .plain, .status, .hint h2, .hint p, kbd, summary, .original p, input"
    )
    assert min(driver.execute_script(_CONTRAST, others)) >= 4.5


@needs_browser
def test_the_theme_button_turns_the_colours(show, market):
    driver = show(market, scheme="light")
    button = driver.find_element("id", "theme")
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = driver.execute_script(paper)
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert driver.execute_script(paper) != light
    button.click()
    assert driver.execute_script(paper) == light


@needs_browser
def test_everything_works_by_keyboard(show, market):
    from selenium.webdriver.common.keys import Keys

    driver = show(market)
    press(driver, Keys.TAB)
    assert driver.switch_to.active_element.text == "Skip to the lines"
    press(driver, "/")
    assert driver.switch_to.active_element.get_attribute("id") == "search"
    press(driver, *"harvest")
    assert shown_lines(driver) == ["title"]
    assert driver.find_element("id", "status").text == "1 of 61 lines shown"
    press(driver, Keys.ARROW_DOWN)
    assert driver.switch_to.active_element.get_attribute("data-label") == "title"
    press(driver, "/", Keys.ESCAPE)
    assert driver.find_element("id", "status").text == "61 lines"
    assert driver.find_element("id", "search").get_attribute("value") == ""
    while driver.switch_to.active_element.get_attribute("data-label") != "related":
        press(driver, Keys.TAB)
    press(driver, Keys.SPACE)
    assert driver.switch_to.active_element.get_attribute("aria-pressed") == "true"
    assert set(shown_lines(driver)) == {"related"}
    assert driver.find_element("id", "status").text == f"{len(shown_lines(driver))} of 61 lines shown"
    press(driver, Keys.SPACE)
    assert set(shown_lines(driver)) == {"title", "body"}


@needs_browser
def test_arrows_go_from_line_to_line_and_into_folds(show, market):
    from selenium.webdriver.common.keys import Keys

    driver = show(market)
    press(driver, Keys.TAB, Keys.ENTER, Keys.HOME)
    assert driver.switch_to.active_element.tag_name == "summary"
    before = len(shown_lines(driver))
    press(driver, Keys.ENTER, Keys.ARROW_DOWN)
    assert len(shown_lines(driver)) > before
    first = driver.switch_to.active_element
    assert first.get_attribute("aria-label").startswith("Line 1:")
    why = driver.find_element("id", first.get_attribute("aria-describedby"))
    assert why.size["width"] > 300
    assert why.text.startswith("navigation")
    press(driver, Keys.ESCAPE)
    assert why.size["width"] == 1
    press(driver, Keys.ARROW_DOWN)
    second = driver.switch_to.active_element
    assert second.get_attribute("aria-label").startswith("Line 2:")
    assert driver.find_element("id", second.get_attribute("aria-describedby")).size["width"] > 300
    press(driver, "k")
    assert driver.switch_to.active_element == first
    press(driver, Keys.END)
    assert driver.execute_script(
        "const seen = [...document.querySelectorAll('.block, summary')].filter(n => n.checkVisibility());"
        "return document.activeElement === seen.at(-1)"
    )


@needs_browser
def test_the_mouse_shows_reasons(show, market):
    from selenium.webdriver.common.action_chains import ActionChains

    driver = show(market)
    block = driver.find_element("css selector", ".block[data-label=body]")
    why = block.find_element("css selector", ".why")
    assert why.size["width"] == 1
    ActionChains(driver).move_to_element(block).perform()
    assert why.size["width"] > 300


@needs_browser
@pytest.mark.parametrize("source", ["market.html", "japanese.html", "large"])
def test_a_phone_needs_no_sideways_scroll(show, source):
    data = large_page() if source == "large" else (EXAMPLES / source).read_bytes()
    driver = show(explanation_page(explain(data), name=f"{'a-long-name' * 9}.html"), width=360, height=740, touch=True)
    driver.find_element("id", "unfold").click()
    assert driver.execute_script("return document.documentElement.scrollWidth") == 360
    block = driver.find_element("css selector", ".block[data-label=body]")
    driver.execute_script("arguments[0].scrollIntoView(); arguments[0].focus()", block)
    why = driver.execute_script("return arguments[0].querySelector('.why').getBoundingClientRect().toJSON()", block)
    assert (why["left"], why["right"], why["bottom"]) == (0, 360, 740)
    assert driver.execute_script("return document.documentElement.scrollWidth") == 360


@needs_browser
def test_a_screen_reader_finds_landmarks_names_and_news(show, market):
    driver = show(market)
    tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]]
    for wanted in (
        ("banner", ""), ("main", "Lines of the page"), ("complementary", "Reasons and original"),
        ("search", "Lines to show"), ("searchbox", "Search lines"), ("heading", "market.html"),
        ("group", "Show only lines with these labels"),
    ):  # fmt: skip
        assert wanted in nodes
    assert any(role == "group" and name.startswith("Line 8: title") for role, name in nodes)
    assert any(role == "status" for role, _ in nodes)
    unnamed = [role for role, name in nodes if role in ("button", "searchbox", "Iframe") and not name]
    assert unnamed == []
