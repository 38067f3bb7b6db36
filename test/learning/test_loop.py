"""The training loop takes the steps that one would write by hand, and survives interruptions."""

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.learning.checkpoints import Best, Checkpoint, copied  # noqa: E402
from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.learning.loop import (  # noqa: E402
    Loss,
    Plan,
    Task,
    Validation,
    parameter_groups,
    train,
    warmup_cosine,
)

EPOCHS, STEPS = 4, 5


def rate(step):
    return warmup_cosine(step, EPOCHS * STEPS, 0.05)


class Regression(Task):
    """Learns a linear map; its batches follow from the epoch."""

    def __init__(self, scores=(), broken=()):
        torch.manual_seed(0)
        self.model = torch.nn.Linear(3, 2)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, 0.1))
        self.scores, self.broken, self.rows, self.step = list(scores), set(broken), [], 0

    def batches(self, epoch):
        generator = torch.Generator().manual_seed(epoch)
        return [torch.randn(8, 3, generator=generator) for _ in range(STEPS)]

    def loss(self, batch):
        self.step += 1
        value = (self.model(batch) - batch[:, :2] * 3).square().mean()
        bad = torch.tensor(float("nan")) if self.step in self.broken else 1.0
        return Loss(value * bad, {"squared": value.detach()}, samples=len(batch))

    def validate(self):
        return Validation(self.scores.pop(0)) if self.scores else None

    def record(self, epoch, metrics):
        self.rows.append((epoch, metrics))


def plan(**given):
    return Plan("the test", EPOCHS, STEPS, rate, **given)


def by_hand(epochs, clip):
    task = Regression()
    for epoch in range(epochs):
        for number, batch in enumerate(task.batches(epoch)):
            loss = task.loss(batch).value
            for group in task.optimizer.param_groups:
                group["lr"] = rate(epoch * STEPS + number)
            task.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(task.model.parameters(), clip)
            task.optimizer.step()
    return task.model.state_dict()


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_its_steps_are_those_that_one_would_write():
    task = Regression()
    train(task, task.model, task.optimizer, plan(clip=0.5))
    assert same(task.model.state_dict(), by_hand(EPOCHS, 0.5))
    assert [epoch for epoch, _ in task.rows] == list(range(EPOCHS))
    assert task.rows[-1][1]["loss"] < task.rows[0][1]["loss"]
    assert task.rows[0][1]["squared"] == pytest.approx(task.rows[0][1]["loss"])


def test_an_interrupted_training_ends_with_the_same_weights(tmp_path):
    whole = Regression()
    train(whole, whole.model, whole.optimizer, plan())
    checkpoint = Checkpoint(tmp_path / "state.pt", "key")

    def interrupt(done, total, metrics):
        if done == 2:
            raise KeyboardInterrupt

    first = Regression()
    with pytest.raises(KeyboardInterrupt):
        train(
            first, first.model, first.optimizer, plan(), checkpoint=checkpoint, progress=interrupt
        )
    second = Regression()
    train(second, second.model, second.optimizer, plan(), checkpoint=checkpoint)
    assert [epoch for epoch, _ in second.rows] == [2, 3]
    assert same(second.model.state_dict(), whole.model.state_dict())
    other = Checkpoint(tmp_path / "state.pt", "another key")
    with pytest.raises(TrainingError, match="another configuration or dataset"):
        train(second, second.model, second.optimizer, plan(), checkpoint=other)


def test_a_checkpoint_of_an_older_version_is_read(tmp_path):
    task = Regression()
    path = tmp_path / "state.pt"
    content = {
        "key": "key",
        "epoch": 3,
        "model": task.model.state_dict(),
        "optimizer": task.optimizer.state_dict(),
        "precision": {},
        "best": {"objects": 0.5, "samples": 0.4, "epoch": 1, "state": copied(task.model)},
    }
    torch.save(content, path)
    epochs, best = Checkpoint(path, "key").restore(task.model, task.optimizer, None)
    assert (epochs, best.score, best.epoch) == (3, 0.5, 1)


@pytest.mark.parametrize(
    ("scores", "later", "epoch"),
    [([1, 3, 2, 3], True, 3), ([1, 3, 2, 3], False, 1), ([0, 0, 0, 0], True, 3), ([], True, 3)],
)
def test_the_best_state_stays(scores, later, epoch):
    task = Regression(scores)
    best = train(task, task.model, task.optimizer, plan(prefer_later=later))
    assert best.epoch == epoch
    assert same(task.model.state_dict(), best.state)
    if epoch < EPOCHS - 1:
        assert not same(best.state, by_hand(EPOCHS, 1e9))


def test_the_state_before_training_may_be_the_best():
    task = Regression([0, 0, 0, 0])
    start = Best(copied(task.model), 0.0)
    best = train(task, task.model, task.optimizer, plan(prefer_later=False), best=start)
    assert best.epoch == -1
    assert same(task.model.state_dict(), start.state)


def test_validation_happens_every_few_epochs_and_after_the_last():
    task = Regression([1, 1])
    train(task, task.model, task.optimizer, plan(validate_every=3))
    assert not task.scores


def test_losses_that_are_not_finite():
    task = Regression(broken=[7])
    with pytest.raises(
        TrainingError, match="the loss of the test is not finite in step 7; look for"
    ):
        train(task, task.model, task.optimizer, plan())
    task = Regression(broken=[7])
    train(task, task.model, task.optimizer, plan(tolerated=0.2))
    assert [row["skipped"] for _, row in task.rows] == [0, 8, 0, 0]
    task = Regression(broken=[6, 7])
    with pytest.raises(
        TrainingError, match="16 of 40 samples of the test in epoch 2 have no finite"
    ):
        train(task, task.model, task.optimizer, plan(tolerated=0.2))


def test_a_group_of_parameters_may_have_its_own_speed():
    task = Regression()
    task.optimizer.param_groups[1]["speed"] = 10.0
    train(task, task.model, task.optimizer, plan())
    weights, biases = task.optimizer.param_groups
    assert biases["lr"] == pytest.approx(10 * weights["lr"])
