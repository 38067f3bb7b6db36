"""What the worker processes of a pool have in common."""

from __future__ import annotations

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, however it ended.

    Call it in a process of `multiprocessing`; a worker of a pool would wait for its next task for
    ever if its parent was killed. In other processes it does nothing.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, name="follow parent", daemon=True).start()
