"""A furnished room: where its objects stand, what is seen there, and the ways between them."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from omnibind_ros.simulation.interface import Subject
from omnibind_ros.simulation.language.descriptions import load_descriptions
from omnibind_ros.simulation.objects.meshes import load_mesh
from omnibind_ros.simulation.objects.placing import merged, moved, table
from omnibind_ros.simulation.points import PointSettings, render_points
from omnibind_ros.simulation.rendering.radiance import radiance
from omnibind_ros.simulation.robot.rendering import Stand, render_views
from omnibind_ros.simulation.robot.room import HEIGHT, TABLE, Pose, Room, fits
from omnibind_ros.simulation.robot.route import Approach, contact_at
from omnibind_ros.simulation.scene import ray_casting
from omnibind_ros.simulation.scene.camera import Camera, View, mount
from omnibind_ros.simulation.scene.ray_casting import Scene
from omnibind_ros.simulation.thermal import render_thermal

needs_rays = pytest.mark.skipif(ray_casting.o3d is None, reason="Open3D cannot be imported")

SIZES = (
    (0.5, 0.8, 1.0),
    (0.2, 0.3, 0.25),
    (0.6, 1.9, 0.8),
    (0.4, 0.4, 1.6),
    (0.3, 0.2, 0.1),
    (0.8, 0.8, 0.7),
)
SECONDS = 2.0


def box(folder, size, number=0):
    path = folder / f"box{number}.stl"
    trimesh.creation.box(size).export(path)
    return load_mesh(path, f"Box {number}", colour=(0.7, 0.3, 0.2), substance="wood")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boxes")
    return [box(folder, size, number) for number, size in enumerate(SIZES)]


@pytest.fixture(scope="module")
def room(models):
    return Room.furnish(models, 0)


def corners(model, pose):
    """Return the smallest and largest coordinates of an object in the room."""
    points = np.array([pose.to_room(vertex) for vertex in model.vertices])
    return points.min(axis=0), points.max(axis=0)


def ray(surroundings, origin, direction):
    """Return the distance of a plane, and the colour there."""
    far, which = surroundings.trace(
        np.asarray(origin, np.float32), np.asarray([direction], np.float32)
    )
    point = np.asarray(origin, np.float32) + far[:, None] * np.asarray([direction], np.float32)
    return far[0], surroundings.colours(which, point, np.full(1, 0.01, np.float32))[0]


def test_objects_stand_in_the_room_apart_from_each_other(models, room):
    boxes = [corners(*each) for each in zip(models, room.poses, strict=True)]
    for low, high in boxes:
        assert (np.abs([low[:2], high[:2]]) <= np.array(room.size) / 2 + 1e-6).all()
        assert low[2] >= -1e-6
        assert high[2] <= HEIGHT
    for number, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:number]:
            apart = (low[:2] > other_high[:2]) | (high[:2] < other_low[:2])
            assert apart.any()


def test_each_object_has_its_back_to_a_wall_and_its_front_to_the_room(models, room):
    for model, pose in zip(models, room.poses, strict=True):
        back = pose.to_room((-float(model.size[0]) / 2, 0, 0))
        front = pose.to_room((1.0, 0, 0))
        axis = pose.quarter % 2
        near = room.size[axis] / 2 - abs(back[axis])
        assert 0 < near < 0.5
        assert abs(front[axis]) < abs(back[axis])


def test_small_things_stand_on_tables(models, room):
    for model, pose in zip(models, room.poses, strict=True):
        on_table = mount(model) == "table"
        assert pose.position[2] == pytest.approx(TABLE if on_table else 0.0, abs=2e-3)
    assert sum(mount(model) == "table" for model in models) == 2


def test_the_robot_passes_the_objects_in_their_order_round_the_room(room):
    angles = np.unwrap([np.arctan2(pose.position[1], pose.position[0]) for pose in room.poses])
    assert (np.diff(angles) < 0).all()  # clockwise
    assert angles[0] - angles[-1] < 2 * np.pi


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 3),
    st.tuples(*[st.floats(-5, 5)] * 3),
    st.tuples(*[st.floats(-5, 5)] * 3),
)
def test_frames_of_an_object_and_of_the_room_are_inverse(quarter, position, point):
    pose = Pose(position, quarter)
    assert pose.from_room(pose.to_room(point)) == pytest.approx(np.array(point), abs=1e-6)


def test_merged_models_keep_their_parts_in_order(models):
    first, second = models[0], moved(models[1], 1, (2.0, 0.0, 0.5))
    both = merged(first, [second])
    assert len(both.triangles) == len(first.triangles) + len(second.triangles)
    assert both.materials == (*first.materials, *second.materials)
    assert np.array_equal(both.vertices[both.triangles[0]], first.vertices[first.triangles[0]])
    assert np.array_equal(both.vertices[both.triangles[-1]], second.vertices[second.triangles[-1]])
    assert both.material_ids[-1] == len(first.materials)
    # Turned to the left by a quarter: what was forward is to the left.
    assert second.size == pytest.approx(models[1].size[[1, 0, 2]])


def test_a_table_is_closed_and_wound_outwards():
    model = table(0.6, 1.0, 0.7)
    mesh = trimesh.Trimesh(model.vertices, model.triangles)
    mesh.merge_vertices()
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(0.6 * 1.0 * 0.03 + 4 * 0.05**2 * 0.67, rel=1e-4)
    assert model.vertices[:, 2].max() == pytest.approx(0.7)


@needs_rays
def test_what_is_around_an_object_is_where_it_stands(models, room):
    for place in range(len(models)):
        scene, pose = room.scene(place), room.poses[place]
        for other, there in zip(models, room.poses, strict=True):
            above = there.to_room((0.0, 0.0, float(other.size[2]) + 0.3))
            down = np.array([[0, 0, -1]], np.float32)
            hits = scene.cast(np.asarray(pose.from_room(above), np.float32), down)
            assert hits.distance[0] == pytest.approx(0.3, abs=2e-3)
            assert scene.own(hits.materials)[0] == (other is models[place])


def test_floor_and_walls_are_the_same_from_each_object(room):
    origin, rng = np.array([0.3, -0.2, 1.3]), np.random.default_rng(0)
    for direction in rng.normal(size=(30, 3)):
        towards = direction / np.linalg.norm(direction)
        seen = []
        for place, pose in enumerate(room.poses):
            turned = pose.from_room(towards) - pose.from_room((0.0, 0.0, 0.0))
            seen.append(ray(room.surroundings(place), pose.from_room(origin), turned))
        for far, colour in seen[1:]:
            assert far == pytest.approx(seen[0][0], abs=1e-4)
            assert colour == pytest.approx(seen[0][1], abs=0.05)


def test_the_light_is_the_same_from_each_object(room):
    found = [
        pose.to_room(room.light_at(place).direction) - pose.position
        for place, pose in enumerate(room.poses)
    ]
    assert found == pytest.approx(np.array([room.light.direction] * len(found)))


@needs_rays
def test_cameras_see_what_is_around_and_the_range_sensor_measures_the_object(models, room):
    view = View((3.0, 0.0, 1.0), (0.0, 0.0, 0.5), 60.0)
    around, surroundings = room.scene(0), room.surroundings(0)
    alone, light = Scene(models[0]), room.light_at(0)
    camera = Camera(view, 64, 64)
    pictures = [
        radiance(scene, camera, surroundings, light, np.random.default_rng(0))
        for scene in (alone, around)
    ]
    changed = np.abs(pictures[0] - pictures[1]).max(axis=2) > 0.02
    assert 0.02 < changed.mean() < 0.9
    exact = PointSettings(ground=0.0)
    points = render_points(around, view, surroundings, exact, np.random.default_rng(0))
    at_object = points[:, 0] > 2.0  # along the line of sight
    assert len(points) > 100
    reach = np.linalg.norm(points - [3.0, 0.0, 0.0], axis=1)
    assert (reach[at_object] < 1.2).mean() > 0.95


@needs_rays
def test_only_the_object_itself_is_heated(models, room):
    from box_scene import QUIET  # noqa: PLC0415

    view = View((3.0, 0.0, 1.0), (0.0, 0.0, 0.5), 60.0)
    rng = np.random.default_rng(0)
    picture = render_thermal(
        room.scene(0), view, room.surroundings(0), room.light_at(0), QUIET, rng
    )
    assert np.isfinite(picture).all()
    assert np.ptp(picture) < 5


@needs_rays
def test_what_is_too_large_or_belongs_elsewhere_does_not_fit(tmp_path, models):
    assert all(fits(model) for model in models)
    assert not fits(box(tmp_path, (1.0, 3.5, 1.0)))
    assert not fits(box(tmp_path, (1.0, 1.0, 2.7)))


def subject(model):
    own = load_descriptions()["box"].of(model.name)
    return Subject(model, "box", own, ("crate",), Scene(model))


@needs_rays
def test_the_robot_drives_to_the_object_and_then_past_it(models, room):
    stands = [Stand(room, place, 1.5) for place in (1, 2)]
    rates = {"image": 2.0, "touch": 10.0, "text": 1.0, "audio": 10.0}
    before, views = (
        render_views(subject(models[stand.place]), SECONDS, 0, rates, stand) for stand in stands
    )
    assert views.arrival == 1.5
    assert [r.second for r in views.readings["text"]] == pytest.approx([2.0, 3.0])
    assert len(views.readings["image"]) == 7
    free = np.mean([p.astype(float) for p in views.free_pad], axis=0)
    difference: dict[bool, list[float]] = {False: [], True: []}
    for reading in views.readings["touch"]:
        since = reading.second - views.arrival
        pressed = since >= 0 and contact_at(since) is not None
        difference[pressed].append(float(np.abs(reading.data - free).mean()))
    assert len(difference[False]) == 20
    assert min(difference[True]) > max(difference[False])
    # In the room's frame, the way begins where the robot was before, and has no jump.
    seconds, places = views.poses[:, 0], views.poses[:, 1:4]
    assert seconds == pytest.approx(np.arange(35) / 10)
    assert np.linalg.norm(places[0] - before.poses[-1, 1:4]) < 0.1
    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() < 0.6
    assert (np.abs(places[:, :2]) < np.array(room.size) / 2).all()
    assert np.linalg.norm(views.poses[:, 4:], axis=1) == pytest.approx(1)


def test_an_approach_begins_and_ends_at_rest():
    begin, end = View((3.0, 0.0, 1.0), (0, 0, 0), 45.0), View((0.0, 3.0, 1.0), (0, 1, 0), 45.0)
    way = Approach(begin, end, (0.0, 0.0, 0.0), 2.0)
    assert way.view_at(0.0).position == pytest.approx(begin.position)
    assert way.view_at(2.0).position == pytest.approx(end.position)
    assert way.view_at(2.0).target == pytest.approx(end.target)
    for second in (0.0, 1.99):
        step = np.subtract(way.view_at(second + 0.01).position, way.view_at(second).position)
        assert np.linalg.norm(step) < 0.005
    between = way.view_at(1.0).position
    assert np.hypot(*between[:2]) < np.hypot(1.5, 1.5)  # bent towards the middle of the room
