"""The template as a release, which Copier takes by its tag."""

import shutil
from pathlib import Path

import pytest

from ..template import snapshot
from .team import commit


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree's template as version 1.0.0: the files that can be in a team's way, and not the floors below."""
    template = snapshot(tmp_path_factory.mktemp("released") / "template")
    for folder in (template / "template/{=package=}").iterdir():
        if folder.is_dir() and folder.name != "policy":
            shutil.rmtree(folder)
    commit(template, "First", tag="1.0.0")
    return template
