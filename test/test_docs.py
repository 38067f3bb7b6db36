"""What the documentation names exists: files, commands, targets; generated pages are up to date."""

import importlib
import re
import shlex
import sys
from pathlib import Path

import pytest

from omnibind_ros.cli import make_parser

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "omnibind_ros"
GENERATED = {"cli": "cli.md", "messages": "messages.md", "parameters": "parameters.md"}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(
        path
        for path in (ROOT / "docs").rglob("*.md")
        if path.name not in GENERATED.values() and "_build" not in path.parts
    ),
]
FOLDERS = [path.name for path in sorted(ROOT.iterdir()) if path.is_dir()]
ROOMS = [path.name for path in sorted(PACKAGE.iterdir()) if path.is_dir()]
TOPS = "|".join(map(re.escape, sorted({*FOLDERS, *ROOMS})))
PATH = re.compile(rf"(?<![\w./~$<-])(?:{TOPS})/[\w./*{{}},-]*\w[\w/]*")
BLOCK = re.compile(
    r"^```[^\n]*\n(.*?)^```|((?:^(?: {4}|\t)[^\n]*\n|^\n(?= {4}\S))+)", re.MULTILINE | re.DOTALL
)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
# Made by the reader of a tutorial or a how-to guide, by a training run or by a measurement.
MADE = {
    "build/fuzz/",
    "data/household",
    "docs/results/live.json",
    "models/household_gpu",
    "models/mine",
}


def pages():
    return pytest.mark.parametrize(
        "page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES]
    )


def exists(name):
    """Whether a path is in the repository or the package, or is the type of an interface."""
    kind = re.fullmatch(r"omnibind_msgs/(?:(msg|srv)/)?(\w+)", name)
    if kind and any(
        (ROOT / "omnibind_msgs" / folder / f"{kind[2]}.{folder}").exists()
        for folder in ([kind[1]] if kind[1] else ["msg", "srv"])
    ):
        return True
    return any((base / name).exists() for base in (ROOT, PACKAGE))


def blocks(text):
    """The lines of code blocks, a command broken by a backslash joined."""
    for match in BLOCK.finditer(text):
        yield from re.sub(r"\\\n\s*", " ", match[1] or match[2]).splitlines()


def spans(text):
    return SPAN.findall(BLOCK.sub("", text).replace("\n", " "))


def commands(line):
    """The calls of omnibind in a line of a shell."""
    if "omnibind " not in line:
        return
    for part in re.split(r"&&|\|\||[;|]|\$\(", line.split("#")[0]):
        words = shlex.split(part.strip().removeprefix("time ").strip("() "))
        if words[:1] == ["omnibind"]:
            yield words[1:]


def subparsers(parser):
    if hasattr(parser, "fill"):
        parser.fill()
    for action in parser._actions:
        if action.dest and isinstance(action.choices, dict):
            return action.choices
    return {}


def find_parser(words):
    """The parser of the command that the words begin with, and the words after it."""
    parser, rest = make_parser(), list(words)
    while rest and (known := subparsers(parser)):
        if rest[0].startswith("-"):
            break
        assert rest[0] in known, f"omnibind {' '.join(words)}: there is no {rest[0]}"
        parser = known[rest.pop(0)]
    subparsers(parser)
    return parser, rest


def parses(words):
    """Whether the command takes the words; --help and --version end it without an error."""
    try:
        make_parser().parse_args(words)
    except SystemExit as end:
        return end.code == 0
    return True


@pages()
def test_paths_exist(page):
    missing = []
    for name in PATH.findall(page.read_text()):
        if name in MADE or re.search(r"[*{}]|NAME|MODALITY|DIR\b", name):
            continue
        if not exists(name.rstrip("/.")):
            missing.append(name)
    assert not missing


@pages()
def test_links_lead_somewhere(page):
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    # Written by `make docs`.
    links = [link for link in links if not link.startswith("reference/api/")]
    assert not [link for link in links if not (page.parent / link).exists()]


@pages()
def test_commands_are_accepted(page):
    for line in blocks(page.read_text()):
        for words in commands(line):
            assert parses(words), line


@pages()
def test_mentioned_commands_exist(page):
    for span in spans(page.read_text()):
        for words in commands(span) if span.startswith("omnibind ") else ():
            parser, rest = find_parser(word for word in words if word != "...")
            known = parser._option_string_actions
            assert not [w for w in rest if w.startswith("--") and w not in known], span


@pages()
def test_make_targets_exist(page):
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [*blocks(text), *spans(text)]
    calls = [m[1] for line in lines if (m := re.match(r"\s*make ([a-z][a-z-]*)", line))]
    assert set(calls) <= targets


@pages()
def test_modules_and_launch_files_exist(page):
    text = page.read_text()
    for name in re.findall(r"python3 -m (omnibind_ros[\w.]+)", text):
        assert (ROOT / f"{name.replace('.', '/')}.py").exists(), name
    for name in re.findall(r"\b\w+\.launch\.py", text):
        assert (ROOT / "launch" / name).exists(), name


@pytest.mark.parametrize("page", GENERATED)
def test_generated_pages_are_up_to_date(page, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    module = importlib.import_module(f"{page}_doc")
    monkeypatch.delitem(sys.modules, f"{page}_doc", raising=False)
    written = (ROOT / "docs" / "reference" / GENERATED[page]).read_text()
    assert written == module.document(), "run `make docs`"


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    pages = {
        path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")
    }
    left_out = {Path("index"), Path("results/tried")}
    assert {str(page) for page in pages - left_out} <= set(index.split())


def test_the_tests_of_this_file_find_something():
    text = (ROOT / "README.md").read_text()
    assert len(PATH.findall(text)) > 10
    assert sum(1 for line in blocks(text) for _ in commands(line)) > 3
    with pytest.raises(AssertionError):
        find_parser(["evaluat"])
