"""Takes the project's other pages into the documentation site, and turns links between files into links of the site.

In the repository a link names a file, seen from the file that it stands in. The site has the pages of ``docs/`` at its
top and the others where they stand in the repository.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
#: Files outside docs/ that pages link to; on the site the README is no index.
OTHERS = {
    "README.md": "readme.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "LICENSE": "LICENSE",
    "NOTICE": "NOTICE",
    "models/CARD.md": "models/CARD.md",
    "training_data/DATASHEET.md": "training_data/DATASHEET.md",
    "benchmarks/README.md": "benchmarks/README.md",
    # A folder has no page on the site: the one that says what is in it.
    "benchmarks/results": "benchmarks/README.md",
} | {
    path: path
    for pattern in ("benchmarks/results/*.svg", "examples/*.py")
    for path in sorted(file.relative_to(ROOT).as_posix() for file in ROOT.glob(pattern))
}
_REPOSITORY_PATHS = {target: source for source, target in OTHERS.items() if (ROOT / source).is_file()}
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside ``docs/``."""
    for target, source in _REPOSITORY_PATHS.items():
        files.append(File.generated(config, target, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the page with its links as they are on the site."""
    here = page.file.src_uri
    folder = posixpath.dirname(_REPOSITORY_PATHS.get(here, f"docs/{here}"))

    def on_site(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link[1]))
        target = OTHERS.get(path, path.removeprefix("docs/"))
        return posixpath.relpath(target, posixpath.dirname(here) or ".")

    return _LINK.sub(on_site, markdown)
