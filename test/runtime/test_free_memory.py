"""How a process's memory is allocated and given back."""

import os
import re
import subprocess
import sys
from types import ModuleType

import pytest

pytest.importorskip("rclpy")

from omnibind_ros.nodes import encoder_node, perception_node

THREADS = """
import ctypes, sys, threading
from omnibind_ros.runtime.memory import return_free_pages, share_one_arena

libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fflush.argtypes = [ctypes.c_void_p]


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def messages():
    # 100 kB each, which glibc takes from an arena; a small block that stays lies behind each.
    blocks = []
    for _ in range(200):
        blocks.append(libc.malloc(100_000))
        ctypes.memset(blocks[-1], 1, 100_000)
        libc.malloc(64)
    ready.wait()
    for block in blocks:
        libc.free(block)


print("done", share_one_arena(), flush=True)
before = resident()
ready = threading.Barrier(4)
threads = [threading.Thread(target=messages) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("freed", resident() - before, flush=True)
return_free_pages()
print("kept", resident() - before, flush=True)
libc.malloc_info(0, libc.fdopen(1, b"w"))
libc.fflush(None)
"""


def run(**variables):
    """Return what was printed, and the number of arenas, of four threads with large messages."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", THREADS]
    done = subprocess.run(
        command, env={**own, **variables}, capture_output=True, text=True, timeout=60, check=True
    )
    said = dict(re.findall(r"^(done|freed|kept) (.+)$", done.stdout, re.MULTILINE))
    return said, done.stdout.count("<heap nr=")


def test_all_threads_share_one_arena_and_free_pages_are_returned():
    said, arenas = run()
    assert said["done"] == "True"
    assert arenas == 1
    assert float(said["freed"]) > 40  # 80 MB were in use; glibc keeps what lies between blocks
    assert float(said["kept"]) < 8


def test_a_users_own_setting_of_the_allocation_stays():
    said, arenas = run(MALLOC_ARENA_MAX="3")
    assert said["done"] == "False"
    assert arenas == 3


@pytest.mark.parametrize("program", [perception_node, encoder_node])
def test_the_nodes_share_one_arena_from_their_start(program, monkeypatch):
    called = []
    monkeypatch.setattr(program, "share_one_arena", lambda: called.append("shared"))
    module = ModuleType("omnibind_ros.nodes.spin")
    module.spin = lambda *_: called.append("spins") or 0
    monkeypatch.setitem(sys.modules, "omnibind_ros.nodes.spin", module)
    assert program.main([]) == 0
    assert called == ["shared", "spins"]
