"""Teams: each edits a project in its own way, at places that a seeded chance chooses."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .planting import TABLE, Work, change_a_line, delete_a_line, plant

# What next versions rename, delete, split, move and mend: half of the edits go there.
HOT = (
    "core/urls.py",
    "core/secrets.py",
    "core/encoding.py",
    "core/reading.py",
    "cli/client_options/__init__.py",
    "tests/core/test_urls.py",
    "tests/core/test_reading.py",
    "tests/core/test_secrets.py",
    "app.py",
)
PAGES = (
    "endpoints/pages/style.css",
    *(f"endpoints/pages/templates/{name}.html" for name in ("login", "consent", "base")),
)
RENAMED = "gatekeeper"

FEATURE = '''"""A room of our own: {word}."""

from ...feature import Feature


def feature() -> Feature:
    """Return the feature."""
    return Feature(name="{name}", specification="none")
'''
COMMAND = '''"""Ours: {word}."""


def add_arguments(parser: object) -> None:
    """None."""
'''
REVISION = '''"""Ours: {word}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{down}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    prefix = op.get_context().opts["table_prefix"]
    op.create_table(
        f"{{prefix}}{table}",
        sa.Column("id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{{prefix}}{table}")),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table(f"{{op.get_context().opts['table_prefix']}}{table}")
'''


def decide(work: Work) -> None:
    """Edits policy: takes the mark of a stub away, and writes in several files."""
    files = [path for path in sorted((work.home / "policy").glob("*.py")) if len(path.read_bytes()) > 500]
    chosen = {*work.chance.sample(files, 3), work.home / "policy/scopes.py"}
    for path in sorted(chosen):
        plant(work, path)
        change_a_line(work, path)


def edit_protocol(work: Work) -> None:
    """Inserts statements and comments, changes and deletes lines, in the server's own code."""
    others = [path for path in work.modules() if "policy" not in path.parts]
    for path in [*work.pick(*HOT)[:5], *work.chance.sample(others, 5)]:
        for edit in (plant, plant, change_a_line, delete_a_line):
            edit(work, path)


def reformat(work: Work) -> None:
    """Has its own line length in some files, and edits them too."""
    others = [path for path in work.modules("endpoints") if path.suffix == ".py"]
    for path in [*work.pick(*HOT)[:3], *work.chance.sample(others, 2)]:
        plant(work, path)
        _ruff("format", "--isolated", "--line-length", "88", str(path))
        work.reformatted.add(work.name(path))


def move(work: Work) -> None:
    """Gives modules other names, mends the imports, and edits what it moved; a test goes to a folder of its own."""
    candidates = work.pick("core/secrets.py", "core/encoding.py", "core/urls.py", "core/parameters.py", "core/scope.py")
    for path in candidates[:2]:
        new = f"{path.stem}_ours"
        plant(work, path)
        work.move(path, path.with_name(f"{new}.py"))
        work.renamed_words[new] = path.stem
        _mend_imports(work, path.stem, new)
    test = work.pick("tests/core/test_challenge.py", "tests/core/test_scope.py", "tests/core/test_urls.py")[0]
    plant(work, test)
    work.move(test, work.home / "tests/ours" / test.name)
    (work.home / "tests/ours/__init__.py").write_text("")
    work.added.add(work.name(work.home / "tests/ours/__init__.py"))


def delete(work: Work) -> None:
    """Deletes a command and tests that it does not want."""
    unwanted = ("cli/commands/purge.py", "tests/core/test_reading.py", "tests/attacks/test_host_header.py")
    for path in work.pick(*unwanted, "tests/core/test_secrets.py", "tests/core/test_challenge.py")[:3]:
        path.unlink()
        work.deleted.add(work.name(path))
        work.planted = {word: name for word, name in work.planted.items() if name != work.name(path)}


def build(work: Work) -> None:
    """Has a feature, a table, a migration and tests of its own, some under names that upstream may take."""
    name = f"ours{work.seed}"
    files = {
        f"features/{name}/__init__.py": FEATURE,
        f"features/{name}/deep/rules.py": '"""Rules: {word}."""\n',
        "tests/core/test_ours.py": '"""Ours: {word}."""\n',
        "tests/policy/test_tables.py": '"""Ours: {word}."""\n',
        "cli/commands/ours.py": COMMAND,
    }
    for relative, text in files.items():
        _add(work, work.home / relative, text, name=name)
    versions = work.home / "policy/migrations/versions"
    down = sorted(versions.glob("[0-9]*.py"))[-1].stem
    _add(work, versions / f"0100_{name}.py", REVISION, revision=f"0100_{name}", down=down, table=name)
    tables = work.home / "policy/tables.py"
    word = work.word(tables)
    tables.write_text(tables.read_text() + TABLE.format(name=name.title(), table=name, word=word))
    features = work.home / "features/__init__.py"
    lines = features.read_text().splitlines(keepends=True)
    # Among those of the server, where its own come and go, or at the ends, which stay as they are.
    among = work.chance.random() < 0.3
    for line, mark in (
        (f"from . import {name}", "from . import client_c"),
        (f"        {name}.feature(),", "client_credentials.f"),
    ):
        position = next(n for n, told in enumerate(lines) if mark in told)
        after = among if "import" in line else not among
        lines.insert(position + after, f"{line}  # our {work.word(features)}\n")
    features.write_text("".join(lines))


def dress(work: Work) -> None:
    """Edits pages, README, dependencies, compose file and configuration."""
    for path in work.pick(*PAGES):
        plant(work, path)
    for path in (
        work.root / "README.md",
        work.home / "README.md",
        work.root / "compose.yaml",
        work.root / "Dockerfile",
    ):
        if path.exists():
            plant(work, path)
    project = work.root / "pyproject.toml"
    if project.exists():
        lines = project.read_text().splitlines(keepends=True)
        position = next(n for n, line in enumerate(lines) if "sqlmodel" in line)
        lines.insert(position + 1, f'    "requests>=2",  # our {work.word(project)}\n')
        project.write_text("".join(lines))


def rename_by_hand(work: Work) -> None:
    """Calls the package something else: moves the folder, replaces the word, records the answer."""
    old, work.package = work.package, RENAMED
    (work.root / old).rename(work.home)
    named = [path for path in work.root.rglob("*") if work.home not in path.parents and ".git" not in path.parts]
    for path in [*named, *work.pick("README.md", "defaults.py")]:
        if path.is_file():
            text = path.read_text()
            path.write_text(text.replace(old, RENAMED).replace(old.upper(), RENAMED.upper()))

    def there(name: str) -> str:
        return re.sub(rf"^{old}/", f"{RENAMED}/", name)

    work.planted = {word: there(name) for word, name in work.planted.items()}
    work.dropped = {there(name): lines for name, lines in work.dropped.items()}
    work.moved = {there(new): there(name) for new, name in work.moved.items()}
    for names in (work.added, work.deleted, work.reformatted):
        names_there = {there(name) for name in names}
        names.clear()
        names.update(names_there)


def rename_by_answer(work: Work) -> None:
    """Asks the update for another name of the package."""
    edit_protocol(work)
    work.options += ["--data", f"package={RENAMED}"]


def write_nothing(work: Work) -> None:
    """Leaves everything as it was rendered."""


TEAMS: dict[str, Callable[[Work], None]] = {
    "decides": decide,
    "edits protocol code": edit_protocol,
    "reformats": reformat,
    "moves files": move,
    "deletes files": delete,
    "builds rooms": build,
    "dresses": dress,
    "renames by hand": rename_by_hand,
    "renames by answer": rename_by_answer,
    "does nothing": write_nothing,
}


def _add(work: Work, path: Path, text: str, **words: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.format(word=work.word(path), **words) if "{word}" in text else text)
    work.added.add(work.name(path))


def _mend_imports(work: Work, old: str, new: str) -> None:
    anywhere, beside = (re.compile(rf"^(\s*from \.+{core}){old}( import)", re.MULTILINE) for core in (r"core\.", ""))
    for path in work.home.rglob("*.py"):
        text = path.read_text()
        pattern = beside if path.parent == work.home / "core" else anywhere
        if (changed := pattern.sub(rf"\g<1>{new}\g<2>", text)) != text:
            path.write_text(changed)


def _ruff(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "ruff", *words], check=True, capture_output=True)
