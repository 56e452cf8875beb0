"""The shape of the code itself: who may import whom, how long things may get, and what must not be written down."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 300
LONGEST_FUNCTION = 40
TOP_LEVEL = {
    "manage.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "compose.yaml",
    "docs",
    "config",
    "campaigns",
    "channels",
    "approvals",
    "templates",
    "static",
    "tests",
}
# Names that say nothing about what is inside.
NO_NAMES = {"utils.py", "helpers.py", "manager.py", "managers.py", "misc.py", "common.py"}
# Put together here, so that this file does not contain what it looks for.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("debian", "org"),
        ("unpkg", "com"),
        ("jsdelivr", "net"),
    )
]
MACHINE_PATH = re.compile(
    r"(?<![\w.:/})-])/(?:" + "|".join(("work", "root", "home", "tmp", "Users")) + r")/[\w.-]+"
)


def tracked_files() -> list[Path]:
    """Return the files of the repository; of the folder, where this is no checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not _is_made(path)]


def _is_made(path: Path) -> bool:
    """Say whether a file is a product of running the program, not part of it."""
    made = {".venv", "var", "staticfiles", "__pycache__", ".git", "uv.lock"}
    return any(part in made or part.endswith("_cache") for part in path.relative_to(ROOT).parts)


def ours(suffix: str) -> list[Path]:
    """Return the tracked files with `suffix` that people wrote: no migrations, nothing vendored."""
    return [
        path
        for path in tracked_files()
        if path.suffix == suffix and not {"migrations", "vendor"} & set(path.relative_to(ROOT).parts)
    ]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a Python file, methods and inner ones too."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every tracked text file with its content."""
    for path in tracked_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font


def test_imports_keep_the_contracts() -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_top_level_is_the_agreed_one() -> None:
    top = {relative(path).split("/")[0] for path in tracked_files()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


@pytest.mark.parametrize("suffix", [".py", ".html", ".css", ".js"])
def test_no_file_is_too_long(suffix: str) -> None:
    lengths = {relative(path): len(path.read_text().splitlines()) for path in ours(suffix)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    too_long = {
        f"{relative(path)}:{function.lineno} {function.name}": length
        for path in ours(".py")
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    }
    assert too_long == {}


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        relative(path) for path in ours(".py") if ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    empty = {relative(path) for path in ours(".py") if not path.read_text().strip()}
    assert [name for name in silent if name not in empty] == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [relative(path) for path in ours(".py") if path.name in NO_NAMES] == []


def test_no_package_registry_is_named() -> None:
    named = {f"{relative(path)}: {host}" for path, text in texts() for host in REGISTRIES if host in text}
    assert named == set()


def test_no_path_of_somebodys_machine_is_written_down() -> None:
    found = {f"{relative(path)}: {match}" for path, text in texts() for match in MACHINE_PATH.findall(text)}
    assert found == set()
