import re
from pathlib import Path

from filter import __version__

CHANGELOG = Path(__file__).parent.parent / "CHANGELOG.md"
VERSION = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def test_top_version_is_the_package_version():
    versions = [version for version, _ in VERSION.findall(CHANGELOG.read_text("utf-8"))]
    assert versions[0] == __version__


def test_versions_are_newest_first_and_every_heading_is_one():
    text = CHANGELOG.read_text("utf-8")
    versions = [tuple(map(int, version.split("."))) for version, _ in VERSION.findall(text)]
    assert versions == sorted(set(versions), reverse=True)
    assert len(versions) == text.count("\n## ")
