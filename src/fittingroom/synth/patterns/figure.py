"""A body's measurements as functions of height and of the distance along the arm."""

import numpy as np
from numpy.typing import NDArray

from fittingroom.synth.patterns.outline import Curve
from fittingroom.synth.shapes import Floats, Measurements

Values = NDArray[np.float64]


class Figure:
    """What drafting asks of a body; x, z and lengths in metres, the wearer's left side.

    arm: (2,) unit vector down the arm. arm_length: from the shoulder's tip to the wrist.
    """

    def __init__(self, measurements: Measurements) -> None:
        self.m = measurements
        angle = measurements.arm_angle
        self.arm = np.array([np.cos(angle), -np.sin(angle)])
        self.above = np.array([np.sin(angle), np.cos(angle)])
        self.tip = np.array(measurements.shoulder)
        self.arm_length = float(np.linalg.norm(np.array(measurements.wrist) - self.tip))
        near = measurements.shoulder_x <= self.tip[0] + 0.01
        x, z = measurements.shoulder_x[near], measurements.shoulder_z[near]
        self._slope = np.polyfit(x, z, deg=min(2, len(x) - 1))
        self._raise = max(0.0, float((z - np.polyval(self._slope, x)).max()))

    def girth(self, z: float | Values) -> Values:
        """Girth of the torso at height z; its end values beyond the crotch and the armpit."""
        return _interpolated(z, self.m.levels, self.m.girths)

    def shoulder_line(self, start: float, end: float) -> Curve:
        """Return (n, 2), 5 mm over the shoulder between two x, straight past the tip."""
        x = np.linspace(start, end, 12)
        reach = float(self.tip[0])
        slope = min(float(np.polyval(np.polyder(self._slope), reach)), -0.3)
        over = np.polyval(self._slope, np.minimum(x, reach)) + slope * np.maximum(x - reach, 0)
        return np.column_stack([x, over + self._raise + 0.005])

    def arm_girth(self, along: float | Values) -> Values:
        """Girth of the arm at a distance from the shoulder; near it, of the upper arm."""
        return _interpolated(np.maximum(along, 0.13), self.m.arm_at, self.m.arm_girths)

    def over_arm(self, point: Values) -> Values:
        """Distance of a point (..., 2) from the arm's axis, positive above it."""
        return (point - np.array(self.m.elbow)) @ self.above

    def beneath_arm(self, x: float) -> float:
        """Height z of the arm's lower side at x, or of the armpit where that is lower."""
        elbow_x, elbow_z = self.m.elbow
        radius = float(self.arm_girth(0.13)) / (2 * np.pi)
        slope = self.arm[1] / self.arm[0]
        below = elbow_z + (x - elbow_x) * slope - radius / self.arm[0]
        return float(min(below, self.m.armpit[1]))

    def leg_girth(self, z: float | Values) -> Values:
        """Girth of one leg at height z."""
        return _interpolated(z, self.m.leg_at, self.m.leg_girths)

    def leg_centre(self, z: float | Values) -> Values:
        """Return the x of the left leg's centre at height z."""
        return _interpolated(z, self.m.leg_at, self.m.leg_x)


def _interpolated(at: float | Values, known: Floats, values: Floats) -> Values:
    order = np.argsort(known)
    return np.asarray(
        np.interp(at, np.asarray(known)[order], np.asarray(values, np.float64)[order])
    )
