"""The package itself: its names, loaded when they are asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import filter as package  # the tests alone need the module itself

INIT = Path(package.__file__)


def loaded_by(program: str) -> set[str]:
    code = f"import sys\n{program}\nprint(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=INIT.parent.parent, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_type_checkers_see_the_names_that_there_are() -> None:
    seen = {
        f"{node.module}.{alias.name}": getattr(package, alias.name)
        for node in ast.walk(ast.parse(INIT.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("filter.")
        for alias in node.names
    }
    assert {name.rpartition(".")[2] for name in seen} == set(package.__all__)
    for name, value in seen.items():
        module, _, attribute = name.rpartition(".")
        assert getattr(sys.modules[module], attribute) is value, name


def test_every_name_is_listed_before_it_is_loaded() -> None:
    program = "import filter\nassert set(filter.__all__) | {'__version__'} <= set(dir(filter))"
    assert "numpy" not in loaded_by(program)


def test_errors_and_version_load_no_numpy() -> None:
    loaded = loaded_by("from filter import FilterError, __version__")
    assert "filter.errors" in loaded
    assert not loaded & {"numpy", "selectolax", "filter.pipeline"}


def test_star_gives_all() -> None:
    names: dict[str, object] = {}
    exec("from filter import *", names)
    assert set(package.__all__) <= names.keys()


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match=r"^module 'filter' has no attribute 'clear'$"):
        package.clear  # noqa: B018
    with pytest.raises(ImportError, match="clear"):
        exec("from filter import clear")


def test_modules_are_found_behind_the_names() -> None:
    assert "filter.text" in loaded_by("from filter import text")


def test_the_command_needs_no_blas_threads_but_leaves_a_wish_alone() -> None:
    show = "import os, filter.cli\nprint(os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'])"
    program = f"import os\nos.environ.pop('OPENBLAS_NUM_THREADS', 0)\nos.environ['OMP_NUM_THREADS'] = '3'\n{show}"
    assert {"1", "3"} <= loaded_by(program)
