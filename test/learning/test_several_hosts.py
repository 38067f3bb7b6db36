"""Training on two hosts, started by torchrun and joined by gloo, against training on one."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("lightning_fabric", reason="training needs lightning-fabric")

from omnibind_ros.learning.config_file import parse_config, write_config  # noqa: E402

EPOCHS = 12


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start(launcher, config, out, dataset, cache):
    return subprocess.Popen(
        [
            *(sys.executable, *launcher, "-m", "omnibind_ros.cli", "train", "students"),
            *("--data", str(dataset), "--config", str(config), "--workers", "1"),
            *("--cache", str(cache.folder.parent), "--out", str(out)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
    )


def all_said(processes):
    """Return what each process has said; if one fails, the others that wait for it are killed."""

    def said(process):
        text = process.communicate(timeout=240)[0]
        if process.returncode:
            for other in processes:
                other.kill()
        return text

    with ThreadPoolExecutor(len(processes)) as pool:
        return list(pool.map(said, processes))


def results(out):
    content = torch.load(out / "students" / "thermal.pt", weights_only=True)
    outcomes = json.loads((out / "students" / "thermal.test.json").read_text())
    return content["state"], content["metrics"], outcomes


@pytest.fixture
def train(tmp_path, training_dataset, training_cache, bundle_dir):
    def run(name, nodes, batch_size):
        config, out = tmp_path / f"{name}.yaml", tmp_path / name
        parsed = {
            "modalities": ["thermal"],
            "accelerator": "cpu",
            "nodes": nodes,
            "devices": 1,
            "teacher": str(bundle_dir),
            "schedule": {"epochs": EPOCHS, "batch_size": batch_size, "same_class": 0.2},
            "adapt": {"epochs": 3},
        }
        write_config(parse_config(parsed), config)
        port = str(free_port())
        launchers = [[]]
        if nodes > 1:
            launchers = [
                [
                    *("-m", "torch.distributed.run", "--nnodes", str(nodes), "--nproc-per-node"),
                    *("1", "--node-rank", str(rank), "--master-addr", "127.0.0.1"),
                    *("--master-port", port),
                ]
                for rank in range(nodes)
            ]
        processes = [
            start(launcher, config, out, training_dataset, training_cache) for launcher in launchers
        ]
        said = all_said(processes)
        assert [process.returncode for process in processes] == [0] * nodes, "\n".join(said)
        return (*results(out), said)

    return run


@pytest.mark.timeout(700)
def test_two_hosts_learn_what_one_learns(train):
    # Two processes take half of a step's samples each.
    one = train("one", 1, 16)
    two = train("two", 2, 8)
    again = train("again", 2, 8)
    assert one[0].keys() == two[0].keys()
    assert all(torch.equal(value, again[0][name]) for name, value in two[0].items())
    for metrics in (one[1], two[1]):
        held_out = metrics["validation_objects"] + metrics["test_objects"]
        assert held_out / 2 > 0.5  # chance is a third
    assert one[1]["training_samples"] == two[1]["training_samples"]
    assert one[2].keys() == two[2].keys()
    assert any("gloo" in text for text in two[3])
