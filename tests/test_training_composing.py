"""What `train compose` leaves in a folder, drawn from the small samples of tests/fixtures."""

import json
from pathlib import Path

import numpy as np

from fittingroom.labels import Lip
from fittingroom.training.composing import compose_people
from fittingroom.training.renders import read_person

SAMPLES = Path(__file__).parent / "fixtures" / "synth"


def composed(folder: Path, seed: int) -> tuple[int, float]:
    """The skin that the facts of sample 0 tell, and how bright its face is."""
    compose_people(SAMPLES, folder, range(1), seed, lambda: None)
    person, facts = read_person(folder / "000000.json")
    face = person.image[person.classes == Lip.FACE]
    return facts["skin"], float(np.median(face))


def test_the_skin_in_the_facts_is_the_one_in_the_picture(tmp_path: Path) -> None:
    """Not the one of the sample's record, which composing paints over."""
    light, dark = (composed(tmp_path / str(seed), seed) for seed in (6, 5))
    assert light[0] <= dark[0] - 6
    assert light[1] > 1.5 * dark[1]


def test_people_who_are_there_already_are_kept(tmp_path: Path) -> None:
    composed(tmp_path, 0)
    before = (tmp_path / "000000.jpg").read_bytes()
    composed(tmp_path, 1)
    assert (tmp_path / "000000.jpg").read_bytes() == before
    assert set(json.loads((tmp_path / "000000.json").read_text())) == {"joints", "body", "skin"}
