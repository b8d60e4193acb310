"""`hooks/upgrade` in projects that look unlike others: it works all the same."""

from pathlib import Path

import pytest

from ..template import contents
from ..test_update import commit, git
from .cells import ANSWERS, begin, upgrade
from .releases import HEAD, History

pytestmark = pytest.mark.slow

FIX = "0.12.1"
"""What is upgraded to: `core/encoding.py` and `core/secrets.py` change."""


def is_fixed(project: Path, module: str = "authserver/core/encoding.py") -> bool:
    """Say whether what the next version mends has arrived."""
    return "too long" in (project / module).read_text()


def test_where_the_project_lies_does_not_matter(history: History, tmp_path: Path) -> None:
    """In a folder of a bigger repository that has changes elsewhere, reached by a link and from within."""
    outer = tmp_path / "outer"
    project = history.project(HEAD, ANSWERS["m2m"], outer / "services/the server")
    (outer / "authserver").mkdir(parents=True)
    (outer / "authserver/core").mkdir()
    (outer / "authserver/core/encoding.py").write_text("Not this.\n")
    git(outer, "init", "--quiet")
    commit(outer, "All")
    (outer / "elsewhere.txt").write_text("Not committed.")
    (tmp_path / "link").symlink_to(project)

    done = upgrade(project, "--to", FIX, cwd=tmp_path / "link")

    assert done.returncode == 0, done.stderr
    assert is_fixed(project)
    changed = git(outer, "status", "--porcelain", "--untracked-files=all").split()
    assert {path for path in changed if "encoding" in path} == {'server/authserver/core/encoding.py"'}


def test_another_answers_file_is_another_project(history: History, tmp_path: Path) -> None:
    """A repository that two templates know: only ours is read and written."""
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    (project / ".copier-answers.yml").rename(project / ".copier-answers.auth.yml")
    (project / ".copier-answers.yml").write_text("_src_path: /other\n_commit: 1.0.0\npackage: other\n")
    commit(project, "Two")

    done = upgrade(project, "--to", FIX, "--answers-file", ".copier-answers.auth.yml")

    assert done.returncode == 0, done.stderr
    assert is_fixed(project)
    assert "/other" in (project / ".copier-answers.yml").read_text()
    assert f"_commit: {FIX}" in (project / ".copier-answers.auth.yml").read_text()


def test_odd_files_stay_as_they_are(history: History, tmp_path: Path) -> None:
    """Names with spaces and letters, bytes that are no text, links, modes, and upstream's fix comes."""
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    core = project / "authserver/core"
    (project / "ein Name mit ä und 'Zeichen'.txt").write_text("Ours.")
    (core / "latin.py").write_bytes(b'# -*- coding: latin-1 -*-\n"""Gr\xfc\xdfe."""\n')
    (core / "image.bin").write_bytes(bytes(range(256)))
    (project / "link").symlink_to("README.md")
    (project / "Dockerfile").chmod(0o755)
    (core / "encoding.py").chmod(0o755)
    (core / "secrets.py").chmod(0o444)
    (core / "pkce_crlf.py").write_bytes(b'"""Ours."""\r\n')
    commit(project, "Odd")
    before = contents(project)

    done = upgrade(project, "--to", FIX)

    assert done.returncode == 0, done.stdout + done.stderr
    assert is_fixed(project)
    after = contents(project)
    assert {path for path in before if after.get(path) != before[path]} == {
        ".copier-answers.yml",
        "authserver/core/encoding.py",
        "authserver/core/secrets.py",
    }
    assert all((path.stat().st_mode & 0o111) for path in (core / "encoding.py", project / "Dockerfile"))
    assert (project / "link").is_symlink()


@pytest.mark.parametrize("setting", ["core.autocrlf=true", "core.autocrlf=false"])
def test_line_ends_of_windows_are_kept(history: History, tmp_path: Path, setting: str) -> None:
    """Where git makes them, they are made again; where the team committed them, the file that changed is named."""
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    name, _, value = setting.partition("=")
    git(project, "config", name, value)
    module = project / "authserver/core/encoding.py"
    module.write_bytes(module.read_bytes().replace(b"\n", b"\r\n"))
    if value == "false":
        commit(project, "Ours")
    else:
        git(project, "add", "--renormalize", ".")
    assert git(project, "status", "--porcelain") == ""

    done = upgrade(project, "--to", FIX)

    assert done.returncode == int(value == "false"), done.stdout + done.stderr
    assert done.returncode == 0 or "core/encoding.py" in done.stdout
    assert is_fixed(project)
    assert b"\r\n" in module.read_bytes()


def test_a_module_that_became_a_package_is_followed(history: History, tmp_path: Path) -> None:
    """A move that a team makes when a file grows."""
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    module = project / "authserver/core/encoding.py"
    text = module.read_text()
    module.unlink()
    module.with_suffix("").mkdir()
    (module.with_suffix("") / "__init__.py").write_text(text)
    commit(project, "Grown")

    done = upgrade(project, "--to", FIX)

    assert done.returncode == 0, done.stdout + done.stderr
    assert is_fixed(project, "authserver/core/encoding/__init__.py")
    assert not module.exists()


def test_settings_and_variables_of_git_do_not_matter(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run from a hook, by somebody who has git set up otherwise."""
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    settings = "[diff]\nnoprefix = true\nmnemonicPrefix = true\n[color]\nui = always\n[merge]\nrenames = false\n"
    (tmp_path / "gitconfig").write_text(settings + "[commit]\ngpgSign = true\n[apply]\nwhitespace = error\n")
    (project / "authserver/core/encoding.py").rename(project / "authserver/core/encoding_ours.py")
    commit(project, "Moved")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(project / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(project / ".git/index"))

    done = upgrade(project, "--to", FIX, cwd=project)

    monkeypatch.undo()
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_fixed(project, "authserver/core/encoding_ours.py")
    assert git(project, "diff", "--cached", "--name-only") == ""


@pytest.mark.parametrize("where", ["gatekeeper", "src/authserver"])
def test_a_package_that_moved_is_found(history: History, tmp_path: Path, where: str) -> None:
    """The team moved the folder and told nobody."""
    project = begin(history, tmp_path / "project", ANSWERS["m2m"])
    (project / where).parent.mkdir(exist_ok=True)
    (project / "authserver").rename(project / where)
    commit(project, "Moved")

    done = upgrade(project, "--to", FIX)

    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert is_fixed(project, f"{where}/core/encoding.py")
    assert not (project / "authserver").exists()
