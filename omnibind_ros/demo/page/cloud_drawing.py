"""A point cloud drawn in perspective, with the sensor, a ground grid and colours by height."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from .picture_maker import DARK, PictureMaker, to_jpeg

Cloud = npt.NDArray[np.float32]

WIDTH, HEIGHT = 400, 300
MOST_POINTS = 6000
GRID, ROBOT = (58, 46, 38), (198, 182, 63)
"""Colours, BGR."""

AZIMUTH, ELEVATION = np.radians(-32.0), np.radians(24.0)
"""Whence the scene is seen: from behind the sensor, to its left."""


class CloudPicture(PictureMaker):
    """Draws clouds; the view follows the cloud slowly, so that it does not jump."""

    def __init__(self) -> None:
        """Create it without a view."""
        self._view: npt.NDArray[np.float64] | None = None
        """Middle x, y, z and radius of what is shown, metres."""

    def draw(self, new: Sequence[Any]) -> tuple[bytes, dict[str, Any]]:
        """Return a JPEG, and where the label is written: shares of width and height.

        Args:
            new: Clouds, float32 [N, 3], metres, x forward, y left, z up.
        """
        cloud = np.asarray(new[-1], np.float32)
        count = len(cloud)
        cloud = cloud[:: max(count // MOST_POINTS, 1)]
        low, high = np.percentile(cloud, (2, 98), axis=0)
        self._follow(low, high)
        assert self._view is not None
        picture = np.full((HEIGHT, WIDTH, 3), DARK, np.uint8)
        floor = float(min(low[2], 0.0))
        self._draw_grid(picture, floor)
        self._draw_robot(picture)
        self._draw_points(picture, cloud, low[2], high[2])
        top = np.array([[(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[2]]])
        column, row = self._project(top)[0][0]
        about = {
            "points": count,
            "at": [round(float(column) / WIDTH, 3), round(float(row) / HEIGHT, 3)],
            "distance": round(float(np.median(np.linalg.norm(cloud, axis=1))), 2),
        }
        return to_jpeg(picture), about

    def _follow(self, low: Cloud, high: Cloud) -> None:
        # The sensor at the origin is always in the picture.
        least, most = np.minimum(low, 0.0), np.maximum(high, 0.0)
        wanted = np.array([*((least + most) / 2), max(np.linalg.norm(most - least) / 2, 0.1)])
        if self._view is None or np.abs(wanted - self._view).max() > 3 * self._view[3]:
            self._view = wanted
        self._view = self._view + 0.3 * (wanted - self._view)

    def _project(
        self, points: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return columns and rows [N, 2] in pixels, and distances [N] from the eye, metres."""
        assert self._view is not None
        middle, radius = self._view[:3], self._view[3]
        forward = np.array(
            [
                np.cos(AZIMUTH) * np.cos(ELEVATION),
                np.sin(AZIMUTH) * np.cos(ELEVATION),
                -np.sin(ELEVATION),
            ]
        )
        right = np.array([np.sin(AZIMUTH), -np.cos(AZIMUTH), 0.0])
        up = np.cross(right, forward)
        away = 3.2 * radius
        relative = points - (middle - forward * away)
        depth = np.maximum(relative @ forward, 1e-3)
        scale = 1.55 * HEIGHT / depth
        columns = WIDTH / 2 + relative @ right * scale
        rows = HEIGHT / 2 - relative @ up * scale
        return np.stack([columns, rows], axis=1), depth

    def _draw_grid(self, picture: npt.NDArray[np.uint8], floor: float) -> None:
        assert self._view is not None
        radius = self._view[3]
        step = float(10 ** np.floor(np.log10(max(radius, 1e-3))))
        step *= 0.5 if radius / step < 4 else 1.0
        reach = np.arange(-6, 7) * step
        middle = np.round(self._view[:2] / step) * step
        for offset in reach:
            for line in (
                [
                    [middle[0] + offset, middle[1] + reach[0]],
                    [middle[0] + offset, middle[1] + reach[-1]],
                ],
                [
                    [middle[0] + reach[0], middle[1] + offset],
                    [middle[0] + reach[-1], middle[1] + offset],
                ],
            ):
                ends, depth = self._project(np.array([[*end, floor] for end in line]))
                if depth.min() > 0.2 * radius:
                    begin, end = (tuple(map(int, point)) for point in ends.round())
                    cv2.line(picture, begin, end, GRID, 1, cv2.LINE_AA)

    def _draw_robot(self, picture: npt.NDArray[np.uint8]) -> None:
        assert self._view is not None
        size = 0.16 * self._view[3]
        corners = np.array([[size, 0, 0], [-size, 0.7 * size, 0], [-size, -0.7 * size, 0]])
        pixels = self._project(corners)[0].round().astype(np.int32)
        cv2.fillPoly(picture, [pixels], ROBOT, cv2.LINE_AA)

    def _draw_points(
        self, picture: npt.NDArray[np.uint8], cloud: Cloud, low: float, high: float
    ) -> None:
        pixels, depth = self._project(cloud)
        order = np.argsort(-depth)
        columns, rows = pixels[order].round().astype(np.int64).T
        share = (cloud[order, 2] - low) / max(high - low, 1e-6)
        grey = np.clip(40 + share * 215, 0, 255).astype(np.uint8)
        colours = np.asarray(cv2.applyColorMap(grey[:, None], cv2.COLORMAP_VIRIDIS))[:, 0]
        for right in (0, 1):
            for down in (0, 1):
                x, y = columns + right, rows + down
                inside = (x >= 0) & (x < WIDTH) & (y >= 0) & (y < HEIGHT)
                picture[y[inside], x[inside]] = colours[inside]
