"""Process of the encoder node: `ros2 run omnibind_ros encoder_node`."""

from __future__ import annotations

import sys

from omnibind_ros.runtime.memory import share_one_arena
from omnibind_ros.runtime.threads import limit_blas_threads


def main(args: list[str] | None = None) -> int:
    """Run the node until it is stopped, and return the exit status."""
    limit_blas_threads()
    share_one_arena()
    from .encoder import EncoderNode  # noqa: PLC0415 - it imports NumPy
    from .spin import spin  # noqa: PLC0415 - likewise

    return spin(EncoderNode, args)


if __name__ == "__main__":
    sys.exit(main())
