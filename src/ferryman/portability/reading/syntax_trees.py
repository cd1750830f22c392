"""The user's modules as syntax trees: their functions, and what their names refer to."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ferryman.portability.finding import Place

__all__ = ("AnyFunction", "Code", "Function", "Module", "read_code", "read_module", "top_level")

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Function:
    """A function or a method of the user's.

    Attributes:
        module: The module it is in.
        node: Its definition.
        owner: The class that it is a method of.
    """

    module: Module
    node: AnyFunction
    owner: ast.ClassDef | None = None

    @property
    def name(self) -> str:
        """Its name, with that of its class."""
        return f"{self.owner.name}.{self.node.name}" if self.owner else self.node.name

    @property
    def place(self) -> Place:
        """The line of its name."""
        return Place(self.module.file, self.node.lineno)

    @property
    def first_line(self) -> int:
        """The line of its first decorator, by which a code object knows it."""
        return min([self.node.lineno, *(each.lineno for each in self.node.decorator_list)])

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of it, of functions inside of it too."""
        return tuple(ast.walk(self.node))

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """What each node of it is directly inside of."""
        return {child: above for above in self.nodes for child in ast.iter_child_nodes(above)}

    def at(self, node: ast.AST) -> Place:
        """Return the place of a part of it."""
        return Place(self.module.file, getattr(node, "lineno", self.node.lineno))


@dataclass(eq=False)
class Module:
    """A module of the user's.

    Attributes:
        name: Its dotted name.
        file: Its file, relative to the project.
        tree: Its syntax tree.
    """

    name: str
    file: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    """What each imported name refers to, as a dotted name; anywhere in the module."""
    eager: dict[str, str] = field(default_factory=dict)
    """Of these names, those that are imported with the module."""

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Its functions and methods, those inside of others too."""
        return tuple(_functions(self))

    @cached_property
    def loaded(self) -> tuple[ast.AST, ...]:
        """Its nodes, but those that run only where it is the script."""
        return tuple(_loaded(self.tree))

    @cached_property
    def classes(self) -> Mapping[str, ast.ClassDef]:
        """Its classes, by name."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}

    @cached_property
    def assigned(self) -> Mapping[str, ast.expr]:
        """What its own names are first assigned, at its top level."""
        found: dict[str, ast.expr] = {}
        for node in top_level(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                found.setdefault(ast.unparse(node.target), node.value)
        return found

    def dotted(self, node: ast.AST) -> str:
        """Return what a name or an attribute refers to, such as `asyncio.sleep`, or ""."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            above = self.dotted(node.value)
            return f"{above}.{node.attr}" if above else ""
        return ""


def top_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module that run when it is imported: none inside a function."""
    waiting = [tree]
    while waiting:  # not by recursion: an expression may be thousands of terms deep
        for node in ast.iter_child_nodes(waiting.pop()):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield node
                if not _only_as_script(node):
                    waiting.append(node)


def _loaded(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        if not _only_as_script(node):
            yield from ast.walk(node)


def _only_as_script(node: ast.AST) -> bool:
    """Return whether a node is `if __name__ == "__main__"`."""
    return isinstance(node, ast.If) and "__name__" in {
        each.id for each in ast.walk(node.test) if isinstance(each, ast.Name)
    }


def _functions(module: Module) -> Iterator[Function]:
    waiting: list[tuple[ast.AST, ast.ClassDef | None]] = [(module.tree, None)]
    while waiting:
        above, owner = waiting.pop(0)
        for node in ast.iter_child_nodes(above):
            if isinstance(node, AnyFunction):
                yield Function(module, node, owner)
                waiting.append((node, None))
            elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
                waiting.append((node, node if isinstance(node, ast.ClassDef) else owner))


@dataclass(frozen=True, eq=False)
class Code:
    """All modules of the user's that count.

    Attributes:
        modules: The modules, by their dotted names.
    """

    modules: Mapping[str, Module]

    @cached_property
    def functions(self) -> Mapping[tuple[str, int], Function]:
        """Every function, by its file and its first line."""
        return {
            (function.module.file, line): function
            for module in self.modules.values()
            for function in module.functions
            for line in {function.first_line, function.node.lineno}
        }

    @cached_property
    def methods(self) -> Mapping[str, tuple[Function, ...]]:
        """The methods of the user's classes, by their bare names."""
        found: dict[str, list[Function]] = {}
        for module in self.modules.values():
            for function in module.functions:
                if function.owner:
                    found.setdefault(function.node.name, []).append(function)
        return {name: tuple(each) for name, each in found.items()}

    def resolve(self, dotted: str) -> tuple[Module, str] | None:
        """Return the user's module that a dotted name leads into, and the name in it."""
        seen: set[str] = set()
        while dotted and dotted not in seen:
            seen.add(dotted)
            above, _, name = dotted.rpartition(".")
            module = self.modules.get(above)
            if module is None:
                return None
            # A package may hand on what it imports itself.
            if name in module.imports and module.imports[name] != dotted:
                dotted = module.imports[name]
                continue
            return module, name
        return None

    def lookup(self, module: Module, node: ast.AST) -> tuple[Module, str] | None:
        """Return the user's module and the name in it that an expression leads to."""
        dotted = module.dotted(node)
        if dotted and "." not in dotted:
            dotted = f"{module.name}.{dotted}"
        return self.resolve(dotted)

    def constant(self, module: Module, node: ast.AST | None, steps: int = 20) -> object:
        """Return what a constant expression is, through names of modules; None for others.

        Args:
            module: The module that it is in.
            node: The expression.
            steps: How many names and operators are followed: a name may lead to itself.
        """
        if isinstance(node, ast.Name | ast.Attribute) and steps:
            found = self.lookup(module, node)
            made = found and found[0].assigned.get(found[1])
            return self.constant(found[0], made, steps - 1) if found and made else None
        if isinstance(node, ast.BinOp) and steps:
            left = self.constant(module, node.left, steps - 1)
            return _computed(node.op, left, self.constant(module, node.right, steps - 1))
        return node.value if isinstance(node, ast.Constant) else None


def _computed(operator: ast.operator, left: object, right: object) -> object:
    """Return a product, a sum or a power of numbers, and of others None."""
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    if isinstance(operator, ast.Pow):
        return left**right if abs(right) <= 64 else None
    if isinstance(operator, ast.Mult):
        return left * right
    return left + right if isinstance(operator, ast.Add) else None


def read_code(root: Path, files: Mapping[str, Path]) -> Code:
    """Read modules of the user's.

    Args:
        root: The project's directory, from which files are named.
        files: The file of each module, by its dotted name; one that cannot be read is left out.
    """
    read = (read_module(root, name, path) for name, path in files.items())
    return Code({module.name: module for module in read if module})


def read_module(root: Path, name: str, path: Path) -> Module | None:
    """Read a module of the user's; None if it cannot be read or parsed.

    Args:
        root: The project's directory, from which files are named.
        name: Its dotted name.
        path: Its file.
    """
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    module = Module(name, file, tree)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    module.imports.update(_imports(ast.walk(tree), package))
    module.eager.update(_imports(top_level(tree), package))
    return module


def _imports(nodes: Iterable[ast.AST], package: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                parts = package.split(".")
                above = ".".join(parts[: len(parts) - node.level + 1])
                source = f"{above}.{source}".strip(".")
            for alias in node.names:
                yield alias.asname or alias.name, f"{source}.{alias.name}"
