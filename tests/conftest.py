"""One copy of the template for the whole run, and one render for each set of answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .template import render, snapshot

Render = Callable[..., Path]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree's template, which no test changes."""
    return snapshot(tmp_path_factory.mktemp("chancery") / "template")


@pytest.fixture(scope="session")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render once for each set of answers; tests read the result and leave it alone."""
    done: dict[str, Path] = {}

    def give(**answers: Any) -> Path:
        key = repr(sorted(answers.items()))
        if key not in done:
            done[key] = render(template, tmp_path_factory.mktemp("render") / "project", answers)
        return done[key]

    return give
