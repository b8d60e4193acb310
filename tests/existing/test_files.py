"""Nothing that the team has is overwritten without being asked."""

from pathlib import Path

import pytest

from .team import (
    AUTH,
    IN_THE_WAY,
    OTHER_ANSWERS,
    THEIRS,
    added,
    commit,
    copier,
    copier_on_terminal,
    repo,
    touched,
    upgrade,
)

SMALL = ("--data", "profile=m2m")
LAYOUTS = ["service", "package"]


def options(layout: str, *more: str) -> list[str]:
    return ["copy", "--defaults", *SMALL, "--data", f"layout={layout}", "--answers-file", AUTH, *more]


def in_the_way_of(layout: str) -> list[str]:
    return IN_THE_WAY if layout == "service" else ["authserver/__init__.py"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_without_a_terminal_the_first_conflict_ends_it(released: Path, tmp_path: Path, layout: str) -> None:
    """What is new may be there already; nothing of the team's is changed."""
    team = repo(tmp_path / "team", THEIRS)

    done = copier(team, *options(layout), str(released), ".")

    assert done.returncode == 1
    assert "Interactive session required" in done.stderr
    assert touched(team) == []


def test_without_answers_and_a_terminal_nothing_is_written(released: Path, tmp_path: Path) -> None:
    """Without `--defaults` the first question ends it."""
    team = repo(tmp_path / "team", THEIRS)

    done = copier(team, "copy", "--answers-file", AUTH, str(released), ".")

    assert done.returncode == 1
    assert "Use `--defaults`" in done.stderr
    assert (touched(team), added(team)) == ([], [])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_terminal_is_asked_about_each_file(released: Path, tmp_path: Path, layout: str) -> None:
    """And "no" leaves it as it was. A policy of that name is never even asked about."""
    team = repo(tmp_path / "team", THEIRS)

    code, asked = copier_on_terminal(team, *options(layout), str(released), ".", keys="n")

    assert (code, sorted(asked)) == (0, in_the_way_of(layout))
    assert touched(team) == []
    assert (team / "authserver/app.py").exists()


def test_enter_means_yes(released: Path, tmp_path: Path) -> None:
    """Copier's default, which our message before the questions says: only what was asked about is replaced."""
    team = repo(tmp_path / "team", THEIRS)

    copier_on_terminal(team, *options("service"), str(released), ".", keys="\r")

    assert sorted(line.split()[-1] for line in touched(team)) == IN_THE_WAY


@pytest.mark.parametrize("layout", LAYOUTS)
def test_skip_keeps_everything_without_asking(released: Path, tmp_path: Path, layout: str) -> None:
    """The way for CI and for those who want to look first."""
    team = repo(tmp_path / "team", THEIRS)

    done = copier(team, *options(layout, "--skip", "*"), str(released), ".")

    assert done.returncode == 0
    assert touched(team) == []
    assert (team / "authserver/app.py").exists()


def test_overwrite_is_the_one_that_asks_nobody(released: Path, tmp_path: Path) -> None:
    """What Copier advises where there is no terminal: all files in the way are replaced, policies alone stay."""
    team = repo(tmp_path / "team", THEIRS)

    done = copier(team, *options("service", "--overwrite"), str(released), ".")

    assert done.returncode == 0
    assert sorted(line.split()[-1] for line in touched(team)) == IN_THE_WAY


def test_a_package_is_one_folder_and_one_file(released: Path, tmp_path: Path) -> None:
    """So beside a project of the team's nothing is in the way, and nobody is asked."""
    team = repo(tmp_path / "team", {path: text for path, text in THEIRS.items() if not path.startswith("authserver/")})

    done = copier(team, *options("package"), str(released), ".")

    assert done.returncode == 0
    assert (touched(team), sorted(added(team))) == ([], [AUTH, "authserver/"])


def test_the_answers_of_another_template_stay(released: Path, tmp_path: Path) -> None:
    """Copier replaces an answers file without asking, so ours refuses before it asks or writes anything."""
    team = repo(tmp_path / "team", {".copier-answers.yml": OTHER_ANSWERS})
    words = ["--defaults", *SMALL, "--data", "table_prefix=auth_", "--skip", "*"]

    done = copier(team, "copy", *words, str(released), ".")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        ".copier-answers.yml here is of another template: "
        "give ours a name of its own, as in `--answers-file .copier-answers.auth.yml`."
    )
    assert (touched(team), added(team)) == ([], [])


def test_our_own_answers_are_read_again(released: Path, tmp_path: Path) -> None:
    """Rendering a second time refuses nothing, and begins with what was answered the first time."""
    team = repo(tmp_path / "team", {"main.py": ""})
    words = ["copy", "--defaults", "--data", "layout=package", str(released), "."]
    copier(team, *words, *SMALL)
    commit(team, "Rendered")

    done = copier(team, *words, "--data", "table_prefix=oauth_")

    assert done.returncode == 0
    assert (touched(team), added(team)) == ([], [])


def test_who_has_files_is_told_before_the_first_question(released: Path, tmp_path: Path) -> None:
    """And who has none is not."""
    team, empty = repo(tmp_path / "team", THEIRS), tmp_path / "empty"
    words = ["copy", "--defaults", *SMALL, "--pretend", "--skip", "*", "--answers-file", AUTH, str(released)]

    told = ["`--skip '*'` keeps all of yours" in copier(tmp_path, *words, str(to)).stderr for to in (team, empty)]

    assert told == [True, False]


def test_an_upgrade_takes_away_nothing_that_was_kept(released: Path, tmp_path: Path) -> None:
    """A service that becomes a package loses its README: ours, not the team's of the same name."""
    team = repo(tmp_path / "team", THEIRS)
    copier(team, *options("service", "--skip", "*"), str(released), ".")
    commit(team, "Rendered")

    code, report = upgrade(team, "--answers-file", AUTH, "--data", "layout=package")

    kept = [need["path"] for need in report["needs_you"]]
    assert (code, sorted(kept)) == (1, [path for path in IN_THE_WAY if not path.startswith("authserver/")])
    assert sorted(report["removed"]) == [".dockerignore", ".env.example"]
    assert {path for path in THEIRS if (team / path).read_text() == THEIRS[path]} == THEIRS.keys()


@pytest.mark.parametrize(
    ("path", "target"),
    [("authserver", None), ("authserver", "nowhere"), ("authserver", "../outside"), ("README.md", "docs/README.md")],
)
def test_what_cannot_be_replaced_ends_it(released: Path, tmp_path: Path, path: str, target: str | None) -> None:
    """A file where a folder belongs, or a link: Copier stops or asks, and writes through no link that leads outside."""
    team = repo(tmp_path / "team", {"main.py": "", "docs/README.md": "# The team's own.\n"})
    outside = repo(tmp_path / "outside", {"kept": ""})
    if target:
        (team / path).symlink_to(target)
    else:
        (team / path).write_text("")
    commit(team, "In the way")

    done = copier(team, *options("service"), str(released), ".")

    assert done.returncode == 1
    assert (touched(team), touched(outside), added(outside)) == ([], [], [])
