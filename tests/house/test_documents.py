"""What the pages promise is there: commands, flags, arguments, links."""

import ast
import inspect
import re
import shlex
from pathlib import Path

import pytest
import typer
from codebase import ROOT, blocks, commands, pages
from typer.main import get_command

from glm_image.cli.main import app
from glm_image.pipeline.api import GlmImagePipeline

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
USAGE_ERROR = typer.BadParameter.__base__ or typer.BadParameter
"""What every mistake in arguments is; typer gives it no name of its own."""
README = ROOT / "README.md"
LIMITS = {"docs/concepts/life-of-a-request.md": 60} | {
    page.relative_to(ROOT).as_posix(): 80 for page in (ROOT / "docs" / "decisions").glob("*.md")
}


def ids(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def targets() -> dict[str, str]:
    """Targets for people, with what the Makefile says about them."""
    return dict(re.findall(r"^([a-z]+):.*?## (.+)$", MAKEFILE, flags=re.MULTILINE))


def test_every_target_says_what_it_does() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(targets())


def test_the_readme_shows_the_two_commands() -> None:
    shown = {words[0] for words in commands(README, "make")}
    assert {"demo", "test"} <= shown


def test_what_is_checked_of_the_service_is_there() -> None:
    page = (ROOT / "docs" / "reference" / "service-checks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([RSF]\d+) .*$", page, flags=re.MULTILINE)
    wanted = {"R": 13, "S": 11, "F": 3}
    assert rows == [f"{kind}{n}" for kind, most in wanted.items() for n in range(1, most + 1)]
    for line in page.splitlines():
        named = re.findall(r"`(\w+\.py)::(\w+)`( \(soak\))?", line)
        assert named or not line.startswith(("| R", "| S", "| F"))
        for file, name, soak in named:
            text = (ROOT / "tests" / "service" / file).read_text(encoding="utf-8")
            found = re.search(rf"^((?:@.*\n|[ )].*\n)*)(?:async )?def {name}\(", text, re.MULTILINE)
            assert found, f"{file}::{name}"
            assert ("mark.soak" in found[1]) == bool(soak), f"{file}::{name}"


@pytest.mark.parametrize("page", pages(), ids=ids)
def test_make_targets_exist(page: Path) -> None:
    shown = [words[0] for words in commands(page, "make")]
    shown += re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8"))
    assert set(shown) <= targets().keys()


@pytest.mark.parametrize("page", pages(), ids=ids)
def test_shell_commands_can_be_read(page: Path) -> None:
    """Every ``glm-image`` line has a known command, known flags and all of its arguments."""
    for words in commands(page, "glm-image"):
        parse(words)


def test_the_makefile_calls_commands_that_exist() -> None:
    calls = re.findall(r"/glm-image (.+?)(?: \\)?$", MAKEFILE, flags=re.MULTILINE)
    assert len(calls) == 2
    for call in calls:
        parse([word for word in shlex.split(call) if word != "$(ARGS)"])


def parse(words: list[str]) -> None:
    group = get_command(app)
    context = typer.Context(group, info_name="glm-image")
    while isinstance(group, typer.core.TyperGroup):
        name, *words = words
        command = group.get_command(context, name)
        assert command is not None, name
        group = command
    group.make_context(group.name, words, parent=context)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["paint", "x"], "paint"),
        (["generate", "x", "--sharpness", "2"], "sharpness"),
        (["generate"], "prompt"),
        (["generate", "x", "-n", "many"], "integer"),
    ],
)
def test_a_wrong_shell_command_is_found(words: list[str], message: str) -> None:
    with pytest.raises((AssertionError, USAGE_ERROR), match=message):
        parse(words)


@pytest.mark.parametrize("page", pages(), ids=ids)
def test_python_examples_fit_the_code(page: Path) -> None:
    """Calls of the pipeline use arguments that it has."""
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Call) and (known := signature(node)) is not None:
                given = {keyword.arg for keyword in node.keywords}
                assert given <= known.parameters.keys(), ast.unparse(node)


def signature(node: ast.Call) -> inspect.Signature | None:
    called = ast.unparse(node.func)
    if called == "pipe":
        return inspect.signature(GlmImagePipeline.__call__)
    if called == "GlmImagePipeline.from_pretrained":
        return inspect.signature(GlmImagePipeline.from_pretrained)
    return None


@pytest.mark.parametrize("page", pages(), ids=ids)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)]+)\)", text):
        path, _, _ = link.partition("#")
        if path and "://" not in path:
            assert (page.parent / path).exists(), link


def test_every_page_is_linked() -> None:
    """From the README, directly or through a page that it links."""
    found, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        found.add(page)
        for link in re.findall(r"\]\(([^)#:]+\.md)[^)]*\)", page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            if target not in found:
                waiting.append(target)
    assert not set(pages()) - found


@pytest.mark.parametrize("name", LIMITS)
def test_short_pages_are_short(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= LIMITS[name]


def test_folders_are_on_the_map() -> None:
    """The front page of the code knows every folder of the package."""
    page = (ROOT / "docs" / "concepts" / "life-of-a-request.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "glm_image"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    files = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    assert not [name for name in folders if f"`{name}/`" not in page]
    assert not [name for name in files if f"`{name}`" not in page]
