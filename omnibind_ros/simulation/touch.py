"""A camera behind a gel pad that is pressed on an object.

Parallel rays from the pad give the height map of the surface under it; the substances' micro-relief
is laid over it, and the gel gives way to both. Each sample has a unit of its own, of the kinds that
`tactile/units.py` lists.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .interface import Setup, Step, Subject
from .objects.substances import SUBSTANCES
from .scene.ray_casting import Scene
from .tactile.contact import Contact, find_contact
from .tactile.gel import press
from .tactile.height_map import height_map
from .tactile.relief import micro_relief
from .tactile.settings import Pixels, TouchSettings
from .tactile.shading import photograph
from .tactile.units import draw_pad


@dataclass(frozen=True, eq=False)
class Touch:
    """A contact.

    Attributes:
        image: Gel image, uint8 [H, W, 3], RGB.
        reference: The same sensor's image before the contact.
        substance: The substance that is touched.
        depth: Depth of the indentation, in metres.
        contact: Share of the pad that touches.
    """

    image: Pixels
    reference: Pixels
    substance: str
    depth: float
    contact: float


def render_touch(
    scene: Scene,
    point: ArrayLike,
    normal: ArrayLike,
    settings: TouchSettings,
    rng: np.random.Generator,
) -> Touch:
    """Press the pad on a point of an object.

    Args:
        scene: The object.
        point: Where on its surface, in metres, [3].
        normal: The surface's outward normal there, [3].
        settings: The pad and how it is pressed.
        rng: Random generator of micro-relief and noise.

    Returns:
        The contact.
    """
    heights, materials = height_map(scene, point, normal, settings)
    middle = _middle(materials)
    names = [material.substance for material in scene.model.materials]
    substance = names[middle] if middle >= 0 else "plastic"
    relief = np.zeros_like(heights)
    for name in dict.fromkeys(names[index] for index in np.unique(materials) if index >= 0):
        mask = np.isin(materials, [i for i, each in enumerate(names) if each == name])
        drawn = micro_relief(SUBSTANCES[name].texture, heights.shape, settings.pitch, rng)
        relief[mask] = drawn[mask]
    pressed, depth, contact = press(heights + relief, settings)
    image, reference = photograph(pressed, settings, rng)
    return Touch(image, reference, substance, depth, contact)


def _middle(materials: NDArray[np.int32]) -> int:
    """Return the material in the pad's middle; where that is a gap, the most frequent one."""
    middle = int(materials[materials.shape[0] // 2, materials.shape[1] // 2])
    touched = materials[materials >= 0]
    return int(np.bincount(touched).argmax()) if middle < 0 and touched.size else middle


def _pair(touch: Touch) -> Pixels:
    """Return gel and reference, uint8 [2, H, W, 3]."""
    return np.stack([touch.image, touch.reference])


def simulate(
    subject: Subject, setup: Setup, rng: np.random.Generator
) -> tuple[Pixels, dict[str, Any]]:
    """Press the pad on the object once; see the room's description."""
    point, normal, _ = setup.contact
    touch = render_touch(subject.scene, point, normal, setup.pad, rng)
    settings = {**asdict(setup.pad), "depth": touch.depth, "contact": touch.contact}
    return _pair(touch), settings


class Stream:
    """A pad that is pressed on one place for as long as a contact lasts."""

    rate = 15.0
    steady = True

    def __init__(self, subject: Subject, step: Step, rng: np.random.Generator) -> None:
        """Draw a pad; see the room's description."""
        self._pad, self._rng = draw_pad(rng), rng
        self._contact: Contact | None = None

    def read(self, step: Step) -> Pixels | None:
        """Return gel and reference, uint8 [2, H, W, 3]; None without a contact.

        Raises:
            ValueError: Nothing of the object can be touched.
        """
        if not step.touching:
            self._contact = None
            return None
        scene = step.subject.scene
        if self._contact is None:
            self._contact = find_contact(scene, step.view, self._pad, self._rng)
        point, normal, _ = self._contact
        return _pair(render_touch(scene, point, normal, self._pad, self._rng))
