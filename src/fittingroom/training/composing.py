"""Draw synthetic people once for trainings; needs the extra `[render]`.

Composing a sample (paint a print, light it, lay it over a background) takes most of a second, so
pictures are drawn once and only cut, moved and recoloured while training.
"""

import json
from collections.abc import Callable
from pathlib import Path

import cv2

from fittingroom.images import write_whole
from fittingroom.synth.judging import compose_render
from fittingroom.synth.records import read_sample
from fittingroom.synth.scenes import sample_path


def compose_people(
    renders: Path, out: Path, numbers: range, seed: int, tick: Callable[[], None]
) -> None:
    """Draw the samples `numbers` of the set `renders` into `out`; those already there are kept.

    NNNNNN.jpg is the picture, NNNNNN.png its LIP-20 classes, NNNNNN.json joints (18, 3), body and
    skin: the tone that the picture shows, 0 (very light) to 9 (very dark).
    """
    out.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        stem = out / f"{number:06d}"
        if not stem.with_suffix(".json").exists():
            _compose(renders, stem, number, seed)
        tick()


def _compose(renders: Path, stem: Path, number: int, seed: int) -> None:
    render = compose_render(renders, number, seed)
    body = read_sample(sample_path(renders, number)).record["body"]
    picture = cv2.cvtColor(render.image, cv2.COLOR_RGB2BGR)
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    labels = cv2.imencode(".png", render.labels)[1].tobytes()
    facts = {"joints": render.joints.round(2).tolist(), "body": body, "skin": render.skin}
    write_whole(
        {
            stem.with_suffix(".jpg"): jpeg,
            stem.with_suffix(".png"): labels,
            stem.with_suffix(".json"): json.dumps(facts).encode(),
        }
    )
