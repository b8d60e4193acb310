"""The Python files of a project, and what in them could be meant."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from .notes import Place
from .pieces import Piece, parse


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could be meant and that Python cannot read, as after a merge that nobody ended."""

    where: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A piece that could be meant. `is_named`: it has the name; `is_part`: it is within one that has."""

    where: str
    piece: Piece
    is_named: bool
    is_part: bool

    def has(self, snippet: str) -> bool:
        """Say whether the very statements or the very expression of `snippet` are run whenever it is."""
        return self.piece.has(snippet)

    def resembles(self, snippet: str) -> bool:
        """Say whether they are anywhere in it, if variables may have other names, and texts other spaces."""
        return self.piece.resembles(snippet)


class Module:
    """A Python file. It is parsed only if something in it could be meant."""

    def __init__(self, file: Path, where: str) -> None:
        self.file, self._where = file, where

    def candidates(self, place: Place, *, is_released: bool) -> Iterator[Definition | Unreadable]:
        """Return the definitions that have the name of `place`, and those that could be a copy under another one."""
        is_named = is_released or any(map(self._mentions, (name.split(".") for name in place.definition)))
        could_be_copy = any(map(self._mentions, map(_words, (*place.gone, *place.known_by))))
        if not is_named and not could_be_copy:
            return
        try:
            pieces = _pieces(self._source)
        except (SyntaxError, ValueError, RecursionError):
            yield Unreadable(self._where)
            return
        within = tuple(f"{name}." for name in place.definition)
        if is_released and not within:
            yield Definition(self._where, pieces[0][1], is_named=True, is_part=False)
        for name, piece in pieces[1:]:
            is_meant = name in place.definition and not piece.is_signature
            is_part = name.startswith(within) if within else is_released
            if is_meant or (could_be_copy and piece.can_be_copy):
                where = f"{self._where}:{piece.line} {name}" if name else self._where
                yield Definition(where, piece, is_named=is_meant, is_part=is_part)

    def _mentions(self, words: Iterable[str]) -> bool:
        return all(word.encode() in self._source for word in words)

    @cached_property
    def _source(self) -> bytes:
        return self.file.read_bytes()


@cache
def _pieces(source: bytes) -> list[tuple[str, Piece]]:
    """Return a module, what of it is in no function, and everything in it that has a name: `Class.method`."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    called = {alias.asname: alias.name for node in imports for alias in node.names if alias.asname}
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = called.get(node.id, node.id)
    named = [(name, Piece(node)) for name, node in _definitions(tree, "")]
    return [("", Piece(tree)), ("", Piece(tree, functions=False)), *named]


def _definitions(within: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(within):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield f"{prefix}{node.name}", node
                yield from _definitions(node, f"{prefix}{node.name}.")
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                yield from ((f"{prefix}{each.id}", node) for each in targets if isinstance(each, ast.Name))
            case _:
                yield from _definitions(node, prefix)


@cache
def _words(snippet: str) -> frozenset[str]:
    """Return what stands in every file that has the snippet, however its variables are called there."""
    words = set()
    for node in (node for statement in parse(snippet) for node in ast.walk(statement)):
        match node:
            case ast.Attribute(attr=word) | ast.keyword(arg=str(word)) | ast.Call(func=ast.Name(id=word)):
                words.add(word)
    return frozenset(words)
