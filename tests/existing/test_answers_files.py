"""Two templates in one repo: each has an answers file, and each is updated by itself."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ..template import contents
from .team import AUTH, changed_since, commit, copier, repo, upgrade

PLAIN = ".copier-answers.yml"
OTHER = {
    "copier.yml": "name:\n  type: str\n  default: Shop\n",
    "main.py.jinja": "# {{ name }}\n\nVERSION = 1\n",
    "{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}\n",
}


@dataclass(frozen=True)
class Templates:
    """Ours and one of somebody else, both at 1.0.0."""

    ours: Path
    other: Path

    def release_both(self) -> None:
        """Bring out 1.1.0 of each, with a line more in one file."""
        for template, path in ((self.ours, "template/{=package=}/app.py"), (self.other, "main.py.jinja")):
            file = template / path
            file.write_text(f"{file.read_text()}# Upstream.\n")
            commit(template, "Second", tag="1.1.0")


@pytest.fixture
def templates(released: Path, tmp_path: Path) -> Templates:
    """Releases that the test may add to."""
    ours = shutil.copytree(released, tmp_path / "ours", symlinks=True)
    return Templates(ours, repo(tmp_path / "other", OTHER, tag="1.0.0"))


def render_both(templates: Templates, team: Path, *, answers_file: str = AUTH, into: str = ".") -> None:
    """Make a project of the other template, and render ours `into` it; commit both."""
    team.mkdir()
    copier(team, "copy", "--defaults", str(templates.other), ".")
    options = ["--defaults", "--data", "profile=m2m", "--data", "layout=package", "--answers-file", answers_file]
    done = copier(team, "copy", *options, str(templates.ours), into)
    assert done.returncode == 0, done.stderr
    commit(team, "Rendered")


def version(answers_file: Path) -> str:
    return str(yaml.safe_load(answers_file.read_text())["_commit"])


def test_each_template_is_updated_by_its_own_answers(templates: Templates, tmp_path: Path) -> None:
    """First ours, then the other: neither touches a file of the other's."""
    team = tmp_path / "team"
    render_both(templates, team)
    templates.release_both()
    rendered = contents(team)

    copier(team, "update", "--defaults", "--answers-file", AUTH)
    ours = changed_since(team, rendered)
    commit(team, "Ours")
    updated = contents(team)
    copier(team, "update", "--defaults")
    others = changed_since(team, updated)

    assert ours == {AUTH, "authserver/app.py"}
    assert others == {PLAIN, "main.py"}
    assert (version(team / AUTH), version(team / PLAIN)) == ("1.1.0", "1.1.0")


def test_an_upgrade_takes_the_same_name(templates: Templates, tmp_path: Path) -> None:
    """`hooks/upgrade --answers-file` reads and writes that one only."""
    team = tmp_path / "team"
    render_both(templates, team)
    templates.release_both()
    rendered = contents(team)

    code, report = upgrade(team, "--answers-file", AUTH)

    assert changed_since(team, rendered) == {AUTH, "authserver/app.py"}
    assert (code, report["needs_you"]) == (0, [])
    assert sorted(report["taken"]) == [AUTH, "authserver/app.py"]
    assert version(team / AUTH) == "1.1.0"


@pytest.mark.parametrize("answers_file", [PLAIN, AUTH])
def test_in_a_folder_of_a_monorepo_it_is_at_home(templates: Templates, tmp_path: Path, answers_file: str) -> None:
    """There its answers file may have the usual name, whatever lies at the root; Copier and `upgrade` both find it."""
    team, auth = tmp_path / "team", tmp_path / "team/services/auth"
    render_both(templates, team, answers_file=answers_file, into="services/auth")
    templates.release_both()
    rendered = contents(team)

    copier(auth, "update", "--defaults", "--answers-file", answers_file)
    updated = contents(team)
    subprocess.run(["git", "checkout", "--quiet", "."], cwd=team, check=True)
    upgrade(team, "services/auth", "--answers-file", answers_file)

    assert contents(team) == updated
    assert changed_since(team, rendered) == {f"services/auth/{answers_file}", "services/auth/authserver/app.py"}


@pytest.mark.parametrize(("answers_file", "option"), [(PLAIN, ""), (AUTH, f" --answers-file {AUTH}")])
@pytest.mark.parametrize(("layout", "readme"), [("service", "README.md"), ("package", "authserver/README.md")])
def test_the_readme_says_how_this_one_is_updated(
    released: Path, tmp_path: Path, answers_file: str, option: str, layout: str, readme: str
) -> None:
    """With the name of the answers file where it is not the usual one. The message after rendering says it too."""
    options = ["--defaults", "--data", "profile=m2m", "--data", f"layout={layout}", "--answers-file", answers_file]

    done = copier(tmp_path, "copy", *options, str(released), "project")

    assert f"\nuv run --script <template>/hooks/upgrade{option}\n" in (tmp_path / "project" / readme).read_text()
    assert f"`{answers_file}`" in (tmp_path / "project" / readme).read_text()
    assert (f"copier update{option}" in done.stderr) == (answers_file != PLAIN)
