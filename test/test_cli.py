"""Every command can be found and imported, and asking for help imports nothing slow."""

import argparse
import subprocess
import sys
from importlib.util import find_spec

import pytest
from paths import ROOT

from omnibind_ros.cli import main, make_parser
from omnibind_ros.lazy import LazyFunction

SLOW = ("numpy", "onnxruntime", "torch", "rclpy", "yaml", "cv2")


def leaves(parser, name="omnibind"):
    """Yield the parsers that run something, each with its full name."""
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for word, child in group.choices.items():
            yield from leaves(child, f"{name} {word}")


COMMANDS = dict(leaves(make_parser()))
LAZY = {
    name: parser.get_default("run")
    for name, parser in COMMANDS.items()
    if isinstance(parser.get_default("run"), LazyFunction)
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*name.split()[1:], "--help"])
    assert ended.value.code == 0
    assert name in capsys.readouterr().out


@pytest.mark.parametrize("name", LAZY)
def test_a_command_names_a_function_that_exists(name):
    if find_spec(LAZY[name].module) is None:
        pytest.fail(f"there is no module {LAZY[name].module}")
    try:
        function = LAZY[name].load()
    except ImportError as error:
        pytest.skip(f"it needs {error.name}: {COMMANDS[name].get_default('needs')}")
    assert callable(function)


def test_help_imports_nothing_slow():
    script = (
        "import sys, omnibind_ros.cli\n"
        "omnibind_ros.cli.make_parser().format_help()\n"
        f"print([name for name in {SLOW} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_missing_module_is_a_sentence_with_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(
        "omnibind_ros.export.bundle_commands.LazyFunction",
        lambda *_: LazyFunction("omnibind_missing", "run"),
    )
    assert main(["bundle", "check"]) == 1
    said = capsys.readouterr().err
    assert said == (
        "omnibind bundle: the Python module omnibind_missing is missing: install what "
        "requirements/run.txt lists.\n"
    )
