"""Who may import whom, as one table, and what a process that only classifies has loaded."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "filter"

#: Each module may import what is named in its row, of the package and of other projects. Rows only name rows above
#: them, so there are no cycles. ``corpora``, ``train`` and ``evaluate`` are offline; ``filter`` is the package itself.
LAYERS = {
    "errors": "",
    "text": "",
    "labels": "errors numpy",
    "quality": "labels numpy",
    "document": "text labels",
    "output": "document labels",
    "charset": "charset_normalizer",
    "decode": "errors charset",
    "tree": "errors selectolax bs4",
    "markdown": "text",
    "blocks": "errors text tree markdown numpy",
    "characters": "numpy",
    "ngrams": "characters numpy",
    "packed": "labels ngrams numpy",
    "layout": "blocks numpy",
    "metadata": "blocks",
    "features": "text tree blocks characters ngrams layout metadata numpy",
    "neighbours": "features numpy",
    "context": "labels blocks features neighbours numpy",
    "inputs": "labels features neighbours numpy",
    "agreement": "labels features numpy",
    "model": "agreement errors labels blocks characters ngrams packed layout features inputs context quality numpy",
    "selection": "blocks selectolax bs4",
    "rules": "errors labels document blocks features selection re2 bs4",
    "shipped": "",
    "pipeline": "errors text labels document decode tree blocks features model shipped rules numpy bs4",
    "contributions": "agreement blocks labels layout features inputs neighbours context model numpy",
    "reasons": "text blocks labels document layout characters ngrams features model contributions numpy",
    "explanation": "decode labels document pipeline rules contributions reasons numpy bs4",
    "original": "blocks document labels selectolax",
    "explanation_html": "labels document explanation original",
    "soup": "errors labels document tree blocks rules pipeline bs4",
    "trial": "labels errors document decode rules pipeline",
    "filter": "errors labels document model pipeline rules contributions reasons explanation explanation_html soup",
    "batch": (
        "errors labels document output model shipped pipeline filter joblib pyarrow fastwarc dask distributed ray rich"
    ),
    "arrow": "errors labels document pipeline batch pyarrow",
    "corpora": "errors text labels decode tree blocks numpy pyarrow tldextract",
    "evaluate": (
        "errors text labels quality document tree blocks features model pipeline filter corpora numpy scipy joblib "
        "trafilatura readability newspaper resiliparse justext goose3 boilerpy3"
    ),
    "train": (
        "errors text labels document decode tree blocks characters ngrams packed layout features inputs context "
        "agreement quality model pipeline shipped "
        "filter corpora evaluate numpy scipy sklearn joblib selectolax threadpoolctl"
    ),
    "scrapy": "errors document output labels model pipeline rules itemadapter w3lib",
    "cli": (
        "errors text labels document output model shipped rules pipeline explanation explanation_html trial filter "
        "batch corpora evaluate train typer rich"
    ),
}
OFFLINE = (
    "filter.arrow", "filter.batch", "filter.corpora", "filter.evaluate", "filter.scrapy", "filter.train", "filter.cli"
)  # fmt: skip
#: Loaded when they are asked for, like the dependencies below.
LATE = (
    "filter.contributions", "filter.explanation", "filter.original", "filter.reasons", "filter.rules",
    "filter.selection", "filter.soup", "filter.trial"
)  # fmt: skip
HEAVY = ("sklearn", "scipy", "joblib", "pyarrow", "typer", "rich", "bs4", "lxml", "charset_normalizer", "re2")


def layer_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "filter" if parts == ("__init__",) else parts[0]


def imports_of(source: str) -> set[str]:
    """Return the layers and the other projects that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "filter":
            modules = {alias.name for alias in node.names if alias.name in LAYERS}
            names |= {f"filter.{name}" for name in modules} or {"filter.filter"}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    roots = {name.removeprefix("filter.").split(".")[0] for name in names}
    return roots - sys.stdlib_module_names


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_table(path):
    layer = layer_of(path)
    assert imports_of(path.read_text("utf-8")) - {layer} <= set(LAYERS[layer].split())


def test_rows_name_only_rows_above_them():
    seen: set[str] = set()
    for layer, allowed in LAYERS.items():
        assert not set(allowed.split()) & (LAYERS.keys() - seen), layer
        seen.add(layer)


def test_every_row_is_a_module():
    assert LAYERS.keys() == {layer_of(path) for path in PACKAGE.rglob("*.py")}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import numpy.linalg\nimport json", {"numpy"}),
        ("from filter.train.fit import fit", {"train"}),
        ("from filter import features, classify", {"features"}),
        ("from filter import classify", {"filter"}),
        ("def late():\n    import sklearn", {"sklearn"}),
        ("if TYPE_CHECKING:\n    from bs4 import Tag", {"bs4"}),
    ],
)
def test_imports_are_found_wherever_they_stand(source, expected):
    assert imports_of(source) == expected


def test_classifying_loads_numpy_and_the_parser_and_nothing_offline():
    program = (
        "import sys\n"
        "from filter import classify\n"
        "classify('<p>Rain is due in the hills tonight, the weather office said on Monday.</p>')\n"
        "classify('Rain is due in the hills tonight, the weather office said on Monday.')\n"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {"numpy", "selectolax.lexbor", "filter.pipeline"} <= loaded
    assert not {name for name in loaded if name.startswith(OFFLINE + LATE) or name.split(".")[0] in HEAVY}
