"""The source tree as the tests of this folder read it."""

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "glm_image"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file of the package."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path below the package, for messages."""
        return self.path.relative_to(PACKAGE).as_posix()

    @property
    def is_public(self) -> bool:
        return not self.path.stem.startswith("_") or self.path.stem == "__init__"


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the package."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return tuple(read(path, path.read_text(encoding="utf-8")) for path in paths)


def read(path: Path, text: str) -> Module:
    return Module(path, text, ast.parse(text))


def functions(module: Module) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def statements(function: Function) -> int:
    """Statements inside a function, its docstring not counted."""
    documented = ast.get_docstring(function) is not None
    inside = sum(isinstance(node, ast.stmt) for node in ast.walk(function))
    return inside - 1 - documented


def public(
    nodes: list[ast.stmt], prefix: str = ""
) -> Iterator[tuple[str, ast.ClassDef | Function]]:
    """Public classes, functions and methods with their dotted names."""
    for node in nodes:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from public(node.body, f"{prefix}{node.name}.")


def imported(module: Module) -> set[str]:
    """Top-level names of everything that a module imports, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            names = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
            found |= {str(name).split(".")[0] for name in names}
    return found


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


@cache
def tracked() -> tuple[Path, ...] | None:
    """Files under version control that are there; None outside of a checkout."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def pages() -> tuple[Path, ...]:
    """Every page of documentation."""
    return (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of one language in a page."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(page: Path, program: str) -> list[list[str]]:
    """Arguments of every call of a program in the shell blocks of a page."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    split = [shlex.split(line, comments=True) for line in lines]
    calls = [words for words in split if words and words[0].split("/")[-1] == program]
    return [words[1 : words.index(">") if ">" in words else None] for words in calls]
