"""A box in a room: views, light and surroundings that tests of simulated sensors share."""

from __future__ import annotations

import math
from dataclasses import replace

from omnibind_ros.simulation.infrared.camera import ThermalCamera
from omnibind_ros.simulation.objects.meshes import ObjectModel
from omnibind_ros.simulation.rendering.light import Light
from omnibind_ros.simulation.scene.camera import View
from omnibind_ros.simulation.scene.surroundings import Surface, Surroundings
from omnibind_ros.simulation.thermal import ThermalSettings

FRONT = View((3.0, 0.0, 0.5), (0.0, 0.0, 0.5), 45.0)
DAY = Light((0.5, 0.0, math.sqrt(0.75)), (0.5, 0.5, 0.5), 0.02, (0.5,) * 3, (0.3,) * 3, False)
FLOOR = Surface((0.0, 0.0, 1.0), 0.0, (0.5, 0.5, 0.5), "plain", 0, 1.0, 0.0)
WALL = Surface((1.0, 0.0, 0.0), -1.0, (0.9, 0.9, 0.9), "plain", 0, 1.0, 0.0)
ROOM = Surroundings((FLOOR, WALL), ((0.5,) * 3, (0.9,) * 3), False)
IDEAL = ThermalCamera(netd=0, lines=0, blur=0)
QUIET = ThermalSettings(camera=IDEAL, running=False)


def with_material(model: ObjectModel, **changes) -> ObjectModel:
    return replace(model, materials=(replace(model.materials[0], **changes),))
