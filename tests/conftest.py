"""What several test modules use."""

import pytest


@pytest.fixture
def run():
    """Run a command in this process; its result has exit code, stdout and stderr."""
    from typer.testing import CliRunner

    from filter.cli import app

    def invoke(*arguments, stdin=None):
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, prog_name="newsfilter")

    return invoke
