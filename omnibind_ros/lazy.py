"""Functions whose modules are imported when they are called.

A command's options are declared without importing what the command needs, so that `omnibind --help`
answers in a fraction of a second, and a command that needs no torch runs where there is none.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple


class LazyFunction(NamedTuple):
    """A function that is imported when it is called.

    Attributes:
        module: Dotted name of its module.
        name: Its name in the module.
    """

    module: str
    name: str

    def load(self) -> Callable[..., Any]:
        """Import and return the function.

        Raises:
            ImportError: The module, or what it imports, is missing.
            AttributeError: The module has no such function.
        """
        function: Callable[..., Any] = getattr(importlib.import_module(self.module), self.name)
        return function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import the function, call it and return its result; errors are those of both."""
        return self.load()(*args, **kwargs)
