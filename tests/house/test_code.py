"""What every file of the package promises: size, docstrings, annotations, no device words."""

import ast
import re
from pathlib import Path

import pytest
from codebase import Function, Module, functions, modules, public, read, statements

MOST_LINES = 400
MOST_STATEMENTS = 50
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
DEVICE_FILE = "device.py"
DEVICE_WORDS = ("cuda", "npu", "torch_npu", "mps", "xpu", "cudnn")
DEVICE_TEXT = re.compile(rf"({'|'.join(DEVICE_WORDS)})(:\d+)?")


def too_long(module: Module) -> list[str]:
    lines = len(module.text.splitlines())
    found = [f"{module.name}: {lines} lines"] if lines > MOST_LINES else []
    for function in functions(module):
        if statements(function) > MOST_STATEMENTS:
            found.append(f"{module.name}:{function.lineno}: {statements(function)} statements")
    return found


def undocumented(module: Module) -> list[str]:
    found = [] if ast.get_docstring(module.tree) else [f"{module.name}: no docstring"]
    names = public(module.tree.body) if module.is_public else ()
    for name, node in names:
        if not ast.get_docstring(node):
            found.append(f"{module.name}:{node.lineno}: {name}")
    return found


def unannotated(module: Module) -> list[str]:
    found = []
    for function in functions(module):
        missing = [argument.arg for argument in bare_arguments(function)]
        if function.returns is None:
            missing.append("return")
        if missing:
            found.append(f"{module.name}:{function.lineno}: {function.name}: {missing}")
    return found


def bare_arguments(function: Function) -> list[ast.arg]:
    arguments = function.args
    extra = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]
    bare = [argument for argument in named if argument.annotation is None]
    return bare[1:] if bare and bare[0].arg in ("self", "cls") else bare


def device_words(module: Module) -> list[str]:
    """Attributes, names and whole texts that stand for one kind of device."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            hit = node.attr in DEVICE_WORDS
        elif isinstance(node, ast.Name):
            hit = node.id in DEVICE_WORDS
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[-1] for alias in node.names}
            hit = bool(names & set(DEVICE_WORDS))
        else:
            text = node.value if isinstance(node, ast.Constant) else None
            hit = isinstance(text, str) and DEVICE_TEXT.fullmatch(text) is not None
        if hit:
            found.append(f"{module.name}: {ast.unparse(node)}")
    return found


def test_files_and_functions_are_short() -> None:
    assert not [line for module in modules() for line in too_long(module)]


def test_public_names_are_documented() -> None:
    assert not [line for module in modules() for line in undocumented(module)]


def test_every_function_is_annotated() -> None:
    assert not [line for module in modules() for line in unannotated(module)]


def test_devices_are_named_in_one_file() -> None:
    others = [module for module in modules() if module.name != DEVICE_FILE]
    assert len(others) == len(modules()) - 1
    assert not [line for module in others for line in device_words(module)]


def test_files_are_named_after_what_they_hold() -> None:
    assert not [module.name for module in modules() if module.path.stem in VAGUE_NAMES]


CLEAN = '''"""A module."""


class Thing:
    """A thing."""

    def __init__(self, size: int) -> None:
        self.size = size

    def grow(self, *, by: int) -> None:
        """Grow, on cpu or cuda."""
'''


@pytest.mark.parametrize("rule", [too_long, undocumented, unannotated, device_words])
def test_clean_code_passes(rule: object) -> None:
    assert not rule(sample(CLEAN))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (too_long, '    """A thing."""', '    """A thing."""\n' + "\n" * 400),
        (too_long, '"""Grow, on cpu or cuda."""', "pass" + "\n        pass" * 50),
        (undocumented, '"""A module."""', ""),
        (undocumented, '"""A thing."""', ""),
        (undocumented, '"""Grow, on cpu or cuda."""', "pass"),
        (unannotated, "by: int", "by"),
        (unannotated, "size: int", "*size"),
        (unannotated, "by: int) -> None", "by: int)"),
        (device_words, "= size", "= size.cuda()"),
        (device_words, "= size", '= size.to("cuda:1")'),
        (device_words, "= size", "= torch.backends.mps"),
        (device_words, '"""A module."""', '"""A module."""\nimport torch_npu'),
        (device_words, '"""A module."""', '"""A module."""\nfrom torch import cuda'),
    ],
)
def test_a_breach_is_found(rule: object, before: str, after: str) -> None:
    assert before in CLEAN
    assert rule(sample(CLEAN.replace(before, after)))  # type: ignore[operator]


def sample(text: str) -> Module:
    return read(Path(modules()[0].path).with_name("sample.py"), text)
