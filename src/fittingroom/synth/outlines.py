"""Shapes that prints are made of: outlines (K, 2) about the origin, of radius or length one."""

import math
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Outline: TypeAlias = NDArray[np.float64]


def turned(outline: Outline, angle: float) -> Outline:
    """Turn an outline clockwise (y points down) by `angle` radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return outline @ np.array([[cos, sin], [-sin, cos]])


def circle(points: int = 28) -> Outline:
    """Return a circle of radius 1."""
    return polygon(points)


def polygon(sides: int) -> Outline:
    """Return a regular polygon of radius 1 that stands on a corner's opposite."""
    angle = math.tau * np.arange(sides) / sides - math.pi / 2
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def star(tips: int, inner: float) -> Outline:
    """Return a star of radius 1 with its notches at `inner`."""
    radius = np.where(np.arange(2 * tips) % 2, inner, 1.0)
    return polygon(2 * tips) * radius[:, None]


def heart() -> Outline:
    """Return a heart."""
    angle = np.linspace(0, math.tau, 36, endpoint=False)
    across = 16 * np.sin(angle) ** 3
    up = 13 * np.cos(angle) - 5 * np.cos(2 * angle) - 2 * np.cos(3 * angle) - np.cos(4 * angle)
    return np.stack([across, -up], axis=1) / 17


def petal(width: float) -> Outline:
    """Return a petal from the origin to (1, 0)."""
    along = np.linspace(0, 1, 9)
    half = width * np.sqrt(np.maximum(along, 0)) * np.sqrt(np.maximum(1 - along**3, 0))
    return _mirrored(along, half)


def leaf(width: float) -> Outline:
    """Return a pointed leaf from the origin to (1, 0)."""
    along = np.linspace(0, 1, 11)
    return _mirrored(along, width * np.sin(math.pi * along**0.8))


def frond() -> Outline:
    """Return a palm leaf from the origin to (1, 0)."""
    along = np.linspace(0.1, 1, 36)
    body = 0.42 * np.sin(math.pi * along**0.7)
    half = np.where(np.arange(36) % 3 == 0, 0.035, body)
    return _mirrored(along, half)


def monstera() -> Outline:
    """Return a wide leaf with slits from the origin to (1, 0)."""
    along = np.linspace(0, 1, 31)
    body = 0.5 * np.sin(math.pi * along**0.6)
    half = np.where(np.isin(np.arange(31) % 6, (5,)), 0.4 * body, body)
    return _mirrored(along, half)


def _mirrored(along: NDArray[np.float64], half: NDArray[np.float64]) -> Outline:
    there = np.stack([along, half], axis=1)
    back = np.stack([along, -half], axis=1)[::-1]
    return np.concatenate([there, back])


def blob(rng: Generator) -> Outline:
    """Return a lump of radius about 1."""
    angle = np.linspace(0, math.tau, 18, endpoint=False)
    radius = np.ones(18)
    for wave in (2, 3, 4):
        radius += 0.28 / wave * np.sin(wave * angle + rng.uniform(0, math.tau))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]


def cross(arm: float) -> Outline:
    """Return a plus sign of radius 1 with arms of half width `arm`."""
    quarter = np.array([[arm, -1], [arm, -arm], [1, -arm]])
    return np.concatenate([turned(quarter, math.pi / 2 * k) for k in range(4)])


def bolt() -> Outline:
    """Return a flash of lightning."""
    return np.array(
        [[0.2, -1], [-0.5, 0.15], [-0.05, 0.15], [-0.25, 1], [0.5, -0.25], [0.05, -0.25]]
    )


def moon() -> Outline:
    """Return a crescent."""
    angle = np.linspace(-2.2, 2.2, 20)
    outer = np.stack([-np.cos(angle), np.sin(angle)], axis=1)
    inner = np.stack([0.35 - 0.85 * np.cos(angle[::-1]), 0.9 * np.sin(angle[::-1])], axis=1)
    return np.concatenate([outer, inner])


def bird() -> Outline:
    """Return a gull with spread wings."""
    along = np.linspace(-1, 1, 15)
    top = -0.55 * np.abs(np.sin(along * 2.6)) + 0.25
    low = top + 0.28 * (1 - np.abs(along))
    return np.concatenate(
        [np.stack([along, top], axis=1), np.stack([along[::-1], low[::-1]], axis=1)]
    )


def cherry() -> Outline:
    """Return a drop with its tip up."""
    angle = np.linspace(0, math.tau, 28, endpoint=False)
    across = 0.62 * np.sin(angle) * np.sin(angle / 2)
    return np.stack([across * 1.2, -np.cos(angle)], axis=1)


def icons() -> list[Outline]:
    """Return all small figures that a print may repeat."""
    return [
        heart(),
        star(5, 0.42),
        star(4, 0.3),
        cross(0.32),
        bolt(),
        moon(),
        bird(),
        cherry(),
        polygon(3),
        leaf(0.3) * 2 - np.array([1.0, 0]),
        star(12, 0.7),
    ]
