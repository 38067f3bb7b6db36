"""Writes the pages of the Python API: one for each folder of the package.

The pages lie in docs/reference/api and are written anew on each build, so that a new module appears
without a line elsewhere.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = "omnibind_ros"


def modules(package: str) -> Iterator[pkgutil.ModuleInfo]:
    """Yield what lies directly in a package, in alphabetical order, without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    (root,) = spec.submodule_search_locations or ()
    folder = Path(root).joinpath(*package.split(".")[1:])
    yield from sorted(pkgutil.iter_modules([str(folder)]), key=lambda info: info.name)


def page(package: str) -> str:
    """Return the page of a package: its description, then each module of it."""
    parts = [
        f"{package}\n{'=' * len(package)}",
        f".. automodule:: {package}\n   :members:\n   :ignore-module-all:",
    ]
    inner = [f"{package}.{info.name}" for info in modules(package) if info.ispkg]
    if inner:
        names = "\n".join(f"   {name.rpartition('.')[2]} <{name}>" for name in inner)
        parts.append(f".. toctree::\n   :maxdepth: 1\n\n{names}")
    for info in modules(package):
        if not info.ispkg:
            title = f"{package.removeprefix(PACKAGE + '.')}.{info.name}"
            parts.append(f"{title}\n{'-' * len(title)}")
            parts.append(
                f".. automodule:: {package}.{info.name}\n   :members:\n   :show-inheritance:"
            )
    return "\n\n".join(parts) + "\n"


def packages(package: str) -> Iterator[str]:
    """Yield a package and all packages below it."""
    yield package
    for info in modules(package):
        if info.ispkg:
            yield from packages(f"{package}.{info.name}")


def write(app: Any) -> None:
    """Write every page that has changed, and remove those of packages that are gone."""
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(exist_ok=True)
    texts = {f"{name}.rst": page(name) for name in packages(PACKAGE)}
    for file in folder.glob("*.rst"):
        if file.name not in texts:
            file.unlink()
    for name, text in texts.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Have the pages written before Sphinx looks for documents."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
