"""Pieces of Python: the same tree is the same code, whatever its spaces, quotes and comments are."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Any, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_IGNORED = frozenset({"ctx", "kind", "type_comment", "type_ignores", "type_params"})
_SPACES = re.compile(r"\s+")


class Piece:
    """A part of a file that is judged as a whole: a function, a class, a name that is set, or the module."""

    def __init__(self, node: ast.AST, *, functions: bool = True) -> None:
        """With `functions` false, those within it are left out: they are pieces of their own."""
        self._nodes = list(ast.walk(node) if functions else _outside_functions(node))
        self._node = node
        self.line = getattr(node, "lineno", 0)
        self.can_be_copy = isinstance(node, Function | ast.Module)
        # A signature is no code: a Protocol may have the name of what fits it.
        self.is_signature = isinstance(node, Function) and _is_anything(_effective(node.body))

    def has(self, snippet: str) -> bool:
        """Say whether the very statements or the very expression of `snippet` are run whenever it is."""
        return self._find(snippet, self._always, None)

    def resembles(self, snippet: str) -> bool:
        """Say whether they are anywhere in it, if variables may have other names, and texts other spaces."""
        return self._find(snippet, self._nodes, {})

    def _find(self, snippet: str, nodes: Sequence[ast.AST], renamed: dict[str, str] | None) -> bool:
        wanted = parse(snippet)
        if len(wanted) == 1 and isinstance(wanted[0], ast.Expr):
            expressions = (node for node in nodes if isinstance(node, ast.expr))
            return any(self._is_same(wanted[0].value, node, _fresh(renamed)) for node in expressions)
        return any(
            self._is_same(wanted, block[start : start + len(wanted)], _fresh(renamed))
            for block in self._blocks(nodes)
            for start in range(len(block) - len(wanted) + 1)
        )

    def _blocks(self, nodes: Sequence[ast.AST]) -> Iterator[list[Any]]:
        """Return every run of statements among `nodes`."""
        here = set(map(id, nodes))
        values = (value for node in nodes for _, value in ast.iter_fields(node) if isinstance(value, list))
        yield [self._node]
        yield from (_effective(value) for value in values if any(id(each) in here for each in value))

    def _is_same(self, wanted: Any, found: Any, renamed: dict[str, str] | None) -> bool:
        """Compare two trees. `renamed` are the variables that go by another name here; None if none may."""
        match wanted, found:
            case ast.Call(func=ast.Name(id=name)), ast.Call() if name != _last_name(found.func):
                return False  # what is called is no variable
            case ast.Call(), ast.Call() if renamed is not None and _is_called_otherwise(wanted.func, found.func):
                same = self._is_same(wanted.args, found.args, renamed)
                return same and self._is_same(wanted.keywords, found.keywords, renamed)
            case _ if type(wanted) is not type(found):
                return False
            case ast.Name(), ast.Name():
                return self._is_same_name(wanted.id, found.id, renamed)
            case ast.arg(), ast.arg():
                same = self._is_same(wanted.annotation, found.annotation, renamed)
                return same and self._is_same_name(wanted.arg, found.arg, renamed)
            case ast.AST(), ast.AST():
                members = [name for name in wanted._fields if name not in _IGNORED]
                return all(self._is_same(getattr(wanted, name), getattr(found, name), renamed) for name in members)
            case list(), list():
                wanted, found = _effective(wanted), _effective(found)
                if _is_anything(wanted):
                    return True
                pairs = zip(wanted, found, strict=False)
                return len(wanted) == len(found) and all(self._is_same(*pair, renamed) for pair in pairs)
            case str(), str() if renamed is not None:
                return _SPACES.sub(" ", wanted) == _SPACES.sub(" ", found)
            case _:
                return bool(wanted == found)

    def _is_same_name(self, wanted: str, found: str, renamed: dict[str, str] | None) -> bool:
        """A variable may have been renamed if its name is not here any more: then to the same name everywhere."""
        if renamed is None or wanted in self._names or found not in self._variables:
            return wanted == found
        return renamed.setdefault(wanted, found) == found

    @cached_property
    def _always(self) -> list[ast.AST]:
        return list(_always(self._node, in_function=False))

    @cached_property
    def _names(self) -> frozenset[str]:
        return self._variables | {node.id for node in self._nodes if isinstance(node, ast.Name)}

    @cached_property
    def _variables(self) -> frozenset[str]:
        stored = {node.id for node in self._nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        return frozenset(stored | {node.arg for node in self._nodes if isinstance(node, ast.arg)})


@cache
def parse(snippet: str) -> Sequence[ast.stmt]:
    return ast.parse(snippet).body


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function):
            yield from _outside_functions(child)


def _always(node: ast.AST, *, in_function: bool) -> Iterator[ast.AST]:
    """Return what runs whenever `node` does. A check under a condition is another check."""
    yield node
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            inner: list[ast.AST] = [node.test]
        case ast.For() | ast.AsyncFor():
            inner = [node.iter]
        case ast.Match():
            inner = [node.subject]
        case ast.BoolOp():
            inner = [node.values[0]]
        case ast.Try(handlers=[_, *_]) | ast.TryStar():
            inner = [*node.finalbody]
        case ast.With(items=[ast.withitem(context_expr=ast.Call(func=called))]) if _last_name(called) == "suppress":
            inner = []
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() if in_function:
            inner = []
        case _:
            inner = list(ast.iter_child_nodes(node))
    for each in inner:
        yield from _always(each, in_function=in_function or isinstance(node, Function))


def _last_name(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def _is_called_otherwise(one: ast.expr, other: ast.expr) -> bool:
    """Say whether the same function is imported by itself here, and with its module there."""
    return {type(one), type(other)} == {ast.Name, ast.Attribute} and _last_name(one) == _last_name(other)


def _effective(block: Sequence[Any]) -> list[Any]:
    """Return statements without those that only are a text: a docstring is free."""
    return [each for each in block if not _is_text(each)]


def _is_text(statement: Any) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False


def _is_anything(block: Sequence[Any]) -> bool:
    """Say whether a block of a snippet is `...`, which stands for whatever is there."""
    match block:
        case [ast.Expr(value=ast.Constant(value=value))]:
            return value is ...
        case _:
            return False


def _fresh(renamed: dict[str, str] | None) -> dict[str, str] | None:
    return None if renamed is None else {}
