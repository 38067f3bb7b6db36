"""Programs that end with the one that started them, also where that one is killed.

Run as a program, `python3 child_program.py PID COMMAND ...` becomes COMMAND and is told to end when
the process PID, its parent, has ended.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def ending_with_parent(command: Sequence[str]) -> list[str]:
    """Return a command that does the same, and gets SIGTERM when this process has ended.

    It is for children that nobody else would end: a killed parent cannot. The process keeps its
    number and its name. Linux sends the signal when the thread that started the child has ended, so
    start it in one that lives as long as the child may. Other systems run the command as it is.

    Args:
        command: A program and its arguments.
    """
    if sys.platform != "linux":
        return list(command)
    # -S: nothing but the standard library is needed, which takes 20 ms.
    return [sys.executable, "-S", __file__, str(os.getpid()), *command]


def main(arguments: Sequence[str]) -> int:
    """Become a command; the exit status is for where that cannot be done.

    Args:
        arguments: The parent's process number, a program and its arguments.
    """
    parent, command = int(arguments[0]), list(arguments[1:])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(SET_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it has ended already, and there will be no signal
        return 1
    try:
        os.execvp(command[0], command)  # noqa: S606 - a list, no shell
    except OSError as error:
        print(f"{command[0]} cannot be started ({error.strerror}).", file=sys.stderr)
    return 127


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
