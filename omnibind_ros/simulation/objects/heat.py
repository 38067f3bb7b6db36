"""Which objects are warmer or colder than the room, in which parts, and by how much.

Rises over room temperature are those that handheld thermal cameras commonly show in homes and
that safety standards for touchable surfaces have in mind (EN 60335-1, table 3: some tens of kelvin
on handles and housings, more around heating elements); skin and clothing temperatures lie where
ISO 7730's comfort model puts them. They are ranges to draw from, not measurements of these models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Place = tuple[float, float, float]


@dataclass(frozen=True)
class HotSpot:
    """A warm (or cold) part.

    Attributes:
        rise: Smallest and largest rise over room temperature in its middle, K.
        at: Its middle in the object's bounding box: back -1 to front 1, right -1 to left 1, bottom
            0 to top 1; None for all of the object, or with `parts` all of these.
        radius: Standard deviation of its extent as a share of the object's longest side.
        parts: Words in a material's name or substance that it is confined to; empty for all.
        bulbs: Whether it sits at each of the object's bulbs instead.
    """

    rise: tuple[float, float]
    at: Place | None = None
    radius: float = 0.2
    parts: str = ""
    bulbs: bool = False


@dataclass(frozen=True)
class Heat:
    """How a kind of object warms or cools.

    Attributes:
        names: A regular expression that their names match.
        probability: That it is on, or was used lately.
        spots: Its warm and cold parts, which add up.
        alive: Whether it keeps its own temperature, so that it rises more in the cold.
    """

    names: str
    probability: float
    spots: tuple[HotSpot, ...]
    alive: bool = False

    def rise_at(self, air: float) -> float:
        """Return the factor of the rises at a temperature of the air, C.

        The skin of what is alive approaches 34 C in warm air (ISO 7730: the mean of a person who
        feels neither warm nor cold). The rises are those in a room of 22 C.
        """
        return min(max((34.0 - air) / 12.0, 0.2), 2.2) if self.alive else 1.0


HEATS: tuple[Heat, ...] = (
    Heat(
        r"\b(fe)?male\b|\bboy\b|\bgirl\b|\bman\b|woman",
        1.0,
        (
            HotSpot((4.0, 8.0)),
            HotSpot((3.0, 6.0), parts="skin|face|head|hand|lip|body"),
            HotSpot((2.0, 5.0), (0.0, 0.0, 0.93), 0.09),
        ),
        alive=True,
    ),
    Heat(
        r"\bdog\b|bulldog|\bcat\b|horse|rabbit|\bchicken\b|deer",
        1.0,
        (
            HotSpot((5.0, 9.0)),
            HotSpot((2.0, 4.0), (0.8, 0.0, 0.8), 0.15),
        ),
        alive=True,
    ),
    Heat(
        r"fridge|refrigerator|freezer",
        0.9,
        (
            HotSpot((-1.5, -0.4)),
            HotSpot((4.0, 12.0), (-0.8, 0.0, 0.05), 0.18),
            HotSpot((-4.0, -1.0), (1.0, 0.0, 0.6), 0.05),
            HotSpot((-3.0, -1.0), parts="rubber|seal"),
        ),
    ),
    Heat(
        r"washing machine|dryer|dishwasher",
        0.7,
        (
            HotSpot((0.5, 3.0)),
            HotSpot((6.0, 25.0), (1.0, 0.0, 0.5), 0.22),
            HotSpot((4.0, 20.0), parts="glass"),
        ),
    ),
    Heat(
        r"oven|stove|furnace|microwave|cooker|cooktop",
        0.75,
        (
            HotSpot((1.0, 4.0)),
            HotSpot((15.0, 60.0), (1.0, 0.0, 0.45), 0.2),
            HotSpot((10.0, 120.0), (0.0, 0.3, 1.0), 0.12),
        ),
    ),
    Heat(
        r"fireplace|chimney|propane|grill",
        0.75,
        (
            HotSpot((2.0, 8.0)),
            HotSpot((60.0, 250.0), (0.4, 0.0, 0.3), 0.15),
        ),
    ),
    Heat(
        r"radiator|heater",
        0.8,
        (
            HotSpot((12.0, 35.0)),
            HotSpot((3.0, 10.0), (0.0, 0.0, 1.0), 0.35),
        ),
    ),
    Heat(
        r"lamp|light|lantern|spot",
        0.75,
        (
            HotSpot((0.5, 2.5)),
            HotSpot((15.0, 70.0), radius=0.14, bulbs=True),
        ),
    ),
    Heat(r"candle", 0.7, (HotSpot((60.0, 200.0), (0.0, 0.0, 1.0), 0.05),)),
    Heat(
        r"\btv\b|television$|screen$",
        0.75,
        (
            HotSpot((4.0, 10.0)),
            HotSpot((3.0, 8.0), (0.0, 0.0, 0.7), 0.3),
        ),
    ),
    Heat(
        r"laptop|ibook|imac|computer|playstation|dvd|tablet|projector",
        0.8,
        (
            HotSpot((2.0, 6.0)),
            HotSpot((6.0, 18.0), (-0.4, 0.3, 0.15), 0.2),
        ),
    ),
    Heat(
        r"phone|intercom|router|clock|cctv|surveillance|camera",
        0.6,
        (
            HotSpot((0.5, 2.0)),
            HotSpot((2.0, 8.0), (0.0, 0.0, 0.6), 0.3),
        ),
    ),
    Heat(
        r"stereo|amplifier|speaker|radio\b|mp3",
        0.6,
        (
            HotSpot((0.5, 1.5)),
            HotSpot((3.0, 15.0), (-0.5, 0.0, 0.7), 0.25),
        ),
    ),
    Heat(
        r"kettle|boiler|teapot|coffee (press|maker|machine|brewer)|espresso",
        0.75,
        (
            HotSpot((4.0, 15.0)),
            HotSpot((20.0, 60.0), (0.0, 0.0, 0.35), 0.28),
        ),
    ),
    Heat(
        r"coffee (cup|mug)|\bcup\b|\bmug\b|bowl$|large pan",
        0.6,
        (
            HotSpot((2.0, 6.0)),
            HotSpot((12.0, 38.0), (0.0, 0.0, 0.4), 0.35),
        ),
    ),
    Heat(
        r"toaster|sandwich maker|fryer|iron\b",
        0.7,
        (
            HotSpot((5.0, 15.0)),
            HotSpot((30.0, 110.0), (0.0, 0.0, 1.0), 0.2),
        ),
    ),
    Heat(
        r"mixer|blender|drill|grinder|\bsaw\b|\bfan\b|mower",
        0.6,
        (
            HotSpot((1.0, 3.0)),
            HotSpot((5.0, 20.0), (0.0, 0.0, 0.7), 0.15),
        ),
    ),
    Heat(
        r"air conditioning",
        0.8,
        (
            HotSpot((-3.0, 0.0)),
            HotSpot((-12.0, -5.0), (1.0, 0.0, 0.1), 0.3),
        ),
    ),
    Heat(r"beer bottle|wine bottle|milk|butter|yogurt", 0.6, (HotSpot((-14.0, -4.0)),)),
    Heat(r"hamburger|fries|steak|roasted|hot dog|bread|pizza", 0.6, (HotSpot((8.0, 35.0)),)),
    Heat(
        r"sedan|suv|chevrolet|ford|peugeot|renault|seat leon|smart car|beetle|truck|\bbus\b|"
        r"\bvan\b|scooter|motorbike|yamaha|fork lift",
        0.7,
        (
            HotSpot((0.5, 3.0)),
            HotSpot((10.0, 35.0), (0.75, 0.0, 0.45), 0.12),
            HotSpot((4.0, 14.0), parts="tire|tyre|rubber|wheel"),
        ),
    ),
    Heat(
        r"chair|sofa|couch|armchair|stool|bench|futon",
        0.45,
        (HotSpot((2.0, 7.0), (0.1, 0.0, 0.5), 0.14),),
    ),
    Heat(r"\bbed\b|crib", 0.4, (HotSpot((2.0, 6.0), (-0.2, 0.1, 0.6), 0.2),)),
    Heat(r"bath|jacuzzi|washbasin|sink", 0.35, (HotSpot((4.0, 14.0), (0.0, 0.0, 0.6), 0.3),)),
    Heat(r"shoe|sneaker|slipper|boot|hat\b|glove|jacket", 0.4, (HotSpot((1.0, 5.0)),)),
    Heat(r"socket|plug|switch", 0.4, (HotSpot((1.0, 8.0), (0.0, 0.0, 0.5), 0.25),)),
    Heat(
        r"plant|tree|palm|ficus|flower|tulip|cactus|yucca|lily|orchid|bush|hedge|pine",
        0.8,
        (
            HotSpot((-2.0, -0.5)),  # leaves transpire
        ),
    ),
)
"""Kinds of objects that are not at room temperature; the first whose names match counts."""


def find_heat(name: str) -> Heat | None:
    """Return how an object of that name warms or cools; None: it is at room temperature."""
    small = name.lower()
    return next((heat for heat in HEATS if re.search(heat.names, small)), None)
