"""What the rules are for: plain `copier update`, where upstream followed them and where it did not (A8)."""

from pathlib import Path

import pytest
import yaml

from .small_template import write_template
from .template import render, update
from .test_update import commit, git

OLD, NEW = "{=package=}/core/errors.py", "{=package=}/core/refusals.py"
SHIM = '"""Moved to core/refusals.py in 1.1.0."""\n\nfrom .refusals import OAuthError as OAuthError\n'
EDIT = "class OurError(Exception): ...\n"
DATABASE = "database: {type: str, choices: [sqlite, postgresql], default: sqlite}"


def release(template: Path, version: str) -> None:
    """Let the template be what it is now under a tag."""
    if not (template / ".git").exists():
        git(template, "init", "--quiet")
    commit(template, version)
    git(template, "tag", version)


def render_project(template: Path, project: Path, **answers: str) -> Path:
    """Release the small template, render it with `answers`, put it under git; return its folder."""
    release(write_template(template), "1.0.0")
    render(template, project, answers)
    git(project, "init", "--quiet")
    commit(project, "Rendered")
    return project


@pytest.mark.parametrize("shim", [SHIM, None], ids=["shim", "no shim"])
def test_only_a_shim_keeps_what_a_team_wrote_into_a_module_that_moves(tmp_path: Path, shim: str | None) -> None:
    """With it the edit stands in a conflict. Without it there is neither edit nor conflict."""
    template, project = tmp_path / "template", render_project(tmp_path / "template", tmp_path / "project")
    errors = project / "authserver/core/errors.py"
    errors.write_text(errors.read_text() + EDIT)
    commit(project, "Ours")
    (template / "template" / OLD).rename(template / "template" / NEW)
    if shim:
        (template / "template" / OLD).write_text(shim)
    release(template, "1.1.0")

    update(project, {})

    assert (project / "authserver/core/refusals.py").exists()
    if shim:
        assert EDIT in errors.read_text()
        assert "<<<<<<<" in errors.read_text()
    else:
        assert not errors.exists()


@pytest.mark.parametrize(
    ("default", "answer"), [("\"{= database | default('sqlite') =}\"", "postgresql"), ("sqlite", "sqlite")]
)
def test_only_a_successor_that_reads_it_keeps_an_answer(tmp_path: Path, default: str, answer: str) -> None:
    """A question of another name starts anew."""
    template = tmp_path / "template"
    project = render_project(template, tmp_path / "project", database="postgresql")
    questions = template / "copier.yml"
    renamed = DATABASE.replace("database:", "storage:").replace("default: sqlite", f"default: {default}")
    questions.write_text(questions.read_text().replace(DATABASE, renamed))
    release(template, "1.1.0")

    update(project, {})

    assert yaml.safe_load((project / ".copier-answers.yml").read_text())["storage"] == answer
