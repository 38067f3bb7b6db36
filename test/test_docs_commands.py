"""Commands in the documentation: each service call fits its service."""

import importlib
import re
import shlex

import pytest
import yaml
from paths import ROOT

pytest.importorskip("rclpy")

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def service_calls():
    for page in PAGES:
        text = re.sub(r"\\\n\s*", " ", page.read_text())  # continued lines are one
        for line in re.findall(r"^\s+ros2 service call .*$", text, re.MULTILINE):
            yield pytest.param(line.strip(), id=f"{page.name}: {line.strip()[18:60]}")


def fill(message, values):
    """Set fields as ros2cli does; an unknown field or a value of another type raises."""
    for name, value in values.items():
        assert name in message.get_fields_and_field_types(), name
        field = getattr(message, name)
        if isinstance(value, dict):
            fill(field, value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            kind = message.get_fields_and_field_types()[name].split("<")[-1].rstrip(">")
            package, _, name_of = kind.partition("/")
            module = importlib.import_module(f"{package}.msg")
            items = [getattr(module, name_of.rpartition("/")[2])() for _ in value]
            for item, each in zip(items, value, strict=True):
                fill(item, each)
            setattr(message, name, items)
        else:
            setattr(message, name, value)


@pytest.mark.parametrize("line", service_calls())
def test_a_service_call_is_quoted_and_fits(line):
    _, _, _, service, kind, values = shlex.split(line)
    assert service.startswith("/perception/")
    package, folder, name = kind.split("/")
    assert folder == "srv"
    request = getattr(importlib.import_module(f"{package}.srv"), name).Request()
    fill(request, yaml.safe_load(values))
