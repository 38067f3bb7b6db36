"""One sense out of many: multi-modal perception for ROS 2."""

import os
from typing import TYPE_CHECKING

# ONNX Runtime's wheels send telemetry to their maker, with a number of the computer, unless this is
# set before their import. A setting of the user's own stays.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__: str
"""Version of the package, read from package.xml when it is first asked for."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> str:
        """Return `__version__`; reading it only on demand keeps the import fast."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from omnibind_ros.version import read_version  # noqa: PLC0415 - read on demand only

        globals()[name] = read_version()
        return globals()[name]
