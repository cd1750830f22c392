"""Reads the user's modules as syntax trees, and resolves their functions and names."""

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
    """A function or a method of the user.

    Attributes:
        module: Its module.
        node: Its definition.
        owner: The class of a method; None for a function.
    """

    module: Module
    node: AnyFunction
    owner: ast.ClassDef | None = None

    @property
    def name(self) -> str:
        """Its name; of a method, with the name of its class."""
        return f"{self.owner.name}.{self.node.name}" if self.owner else self.node.name

    @property
    def place(self) -> Place:
        """The line of its `def`."""
        return Place(self.module.file, self.node.lineno)

    @property
    def first_line(self) -> int:
        """The line of its first decorator, which is the first line of its code object."""
        return min([self.node.lineno, *(each.lineno for each in self.node.decorator_list)])

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Its nodes, with those of inner functions."""
        return tuple(ast.walk(self.node))

    @cached_property
    def parents(self) -> Mapping[ast.AST, ast.AST]:
        """The parent of each of its nodes."""
        return {child: above for above in self.nodes for child in ast.iter_child_nodes(above)}

    def at(self, node: ast.AST) -> Place:
        """Return the place of one of its nodes."""
        return Place(self.module.file, getattr(node, "lineno", self.node.lineno))


@dataclass(eq=False)
class Module:
    """A module of the user.

    Attributes:
        name: Its dotted name.
        file: Its file, relative to the project.
        tree: Its syntax tree.
        imports: The dotted name of each imported name, from anywhere in the module.
        eager: The same, only for imports that run when the module is imported.
    """

    name: str
    file: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    eager: dict[str, str] = field(default_factory=dict)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Its functions and methods, with inner functions."""
        return tuple(_functions(self))

    @cached_property
    def loaded(self) -> tuple[ast.AST, ...]:
        """Its nodes, without those under `if __name__ == "__main__"`."""
        return tuple(
            node
            for statement in self.tree.body
            if not _only_as_script(statement)
            for node in ast.walk(statement)
        )

    @cached_property
    def classes(self) -> Mapping[str, ast.ClassDef]:
        """Its classes, by name."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)}

    @cached_property
    def assigned(self) -> Mapping[str, ast.expr]:
        """The first value that each name is assigned at the top level."""
        values: dict[str, ast.expr] = {}
        for node in top_level(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        values.setdefault(target.id, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                values.setdefault(ast.unparse(node.target), node.value)
        return values

    def dotted(self, node: ast.AST) -> str:
        """Return the dotted name of a name or an attribute, such as `asyncio.sleep`; else ""."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            above = self.dotted(node.value)
            return f"{above}.{node.attr}" if above else ""
        return ""


def top_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a module that run at its import, so none inside a function."""
    waiting = [tree]
    while waiting:  # not by recursion: an expression may be thousands of terms deep
        for node in ast.iter_child_nodes(waiting.pop()):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield node
                if not _only_as_script(node):
                    waiting.append(node)


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
    """The user's modules.

    Attributes:
        modules: The modules, by their dotted names.
    """

    modules: Mapping[str, Module]

    @cached_property
    def functions(self) -> Mapping[tuple[str, int], Function]:
        """Every function, by its file and the line of its first decorator or of its `def`."""
        return {
            (function.module.file, line): function
            for module in self.modules.values()
            for function in module.functions
            for line in {function.first_line, function.node.lineno}
        }

    @cached_property
    def methods(self) -> Mapping[str, tuple[Function, ...]]:
        """The methods of the user's classes, by name without the class."""
        by_name: dict[str, list[Function]] = {}
        for module in self.modules.values():
            for function in module.functions:
                if function.owner:
                    by_name.setdefault(function.node.name, []).append(function)
        return {name: tuple(methods) for name, methods in by_name.items()}

    def resolve(self, dotted: str) -> tuple[Module, str] | None:
        """Return the user's module that defines a dotted name, and the name in that module."""
        seen: set[str] = set()
        while dotted and dotted not in seen:
            seen.add(dotted)
            above, _, name = dotted.rpartition(".")
            module = self.modules.get(above)
            if module is None:
                return None
            # A package may re-export a name that it imports.
            if name in module.imports and module.imports[name] != dotted:
                dotted = module.imports[name]
                continue
            return module, name
        return None

    def lookup(self, module: Module, node: ast.AST) -> tuple[Module, str] | None:
        """Return the user's module that defines the name in an expression, and that name."""
        dotted = module.dotted(node)
        if dotted and "." not in dotted:
            dotted = f"{module.name}.{dotted}"
        return self.resolve(dotted)

    def assignment(
        self, module: Module, node: ast.AST
    ) -> tuple[Module, ast.expr] | tuple[None, None]:
        """Return the user's module that assigns the name in an expression, and the value."""
        resolved = self.lookup(module, node)
        value = resolved and resolved[0].assigned.get(resolved[1])
        return (resolved[0], value) if resolved and value else (None, None)

    def constant(self, module: Module, node: ast.AST | None, steps: int = 20) -> object:
        """Return the value of a constant expression, which may name constants; else None.

        Args:
            module: The module of the expression.
            node: The expression.
            steps: How many names and operators to follow, because a name may refer to itself.
        """
        if isinstance(node, ast.Name | ast.Attribute) and steps:
            owner, value = self.assignment(module, node)
            return self.constant(owner, value, steps - 1) if owner else None
        if isinstance(node, ast.BinOp) and steps:
            left = self.constant(module, node.left, steps - 1)
            return _computed(node.op, left, self.constant(module, node.right, steps - 1))
        return node.value if isinstance(node, ast.Constant) else None


def _computed(operator: ast.operator, left: object, right: object) -> object:
    """Return a product, a sum or a power of two numbers; else None."""
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    if isinstance(operator, ast.Pow):
        return left**right if abs(right) <= 64 else None
    if isinstance(operator, ast.Mult):
        return left * right
    return left + right if isinstance(operator, ast.Add) else None


def read_code(root: Path, files: Mapping[str, Path]) -> Code:
    """Read the user's modules, and skip unreadable ones.

    Args:
        root: The project's directory. File names are relative to it.
        files: The file of each module, by its dotted name.
    """
    read = (read_module(root, name, path) for name, path in files.items())
    return Code({module.name: module for module in read if module})


def read_module(root: Path, name: str, path: Path) -> Module | None:
    """Read a module of the user; return None if it cannot be read or parsed.

    Args:
        root: The project's directory. File names are relative to it.
        name: The module's dotted name.
        path: The module's file.
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
