"""Laws of labels that follow what people were seen to wear."""

import json
from pathlib import Path

import numpy as np
import pytest

from fittingroom.labels import CLASS_COUNT, Lip
from fittingroom.training.worn import TELLING, Worn, bent, read_worn

ANNOTATIONS = Path(__file__).parents[1] / "annotations" / "worn.json"


def worn(*present: Lip, doubtful: tuple[Lip, ...] = ()) -> Worn:
    return Worn(frozenset(map(int, present)), frozenset(map(int, doubtful)))


def shares(seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed).random((CLASS_COUNT, 5, 4)).astype(np.float32)
    return random / random.sum(axis=0)


def test_clothes_that_are_not_worn_lose_everything_and_nothing_is_lost() -> None:
    before = shares()
    after = bent(before, worn(Lip.UPPER_CLOTHES, Lip.SKIRT, Lip.LEFT_LEG, Lip.RIGHT_LEG))
    assert after[[Lip.DRESS, Lip.PANTS, Lip.COAT, Lip.SOCKS, Lip.SCARF]].max() == 0
    np.testing.assert_allclose(after.sum(axis=0), 1, rtol=1e-5)


def test_what_no_name_tells_of_stays() -> None:
    before = shares()
    after = bent(before, worn(Lip.DRESS))
    others = [part for part in range(CLASS_COUNT) if part not in TELLING]
    np.testing.assert_array_equal(after[others], before[others])


def test_the_only_garment_inherits_all_others() -> None:
    before = np.zeros((CLASS_COUNT, 1, 1), np.float32)
    before[Lip.UPPER_CLOTHES] = before[Lip.SKIRT] = 0.5
    assert bent(before, worn(Lip.DRESS))[Lip.DRESS].item() == pytest.approx(1)


def test_classes_in_doubt_may_stay() -> None:
    before = shares()
    after = bent(before, worn(Lip.UPPER_CLOTHES, doubtful=(Lip.SKIRT, Lip.DRESS)))
    assert (after[[Lip.SKIRT, Lip.DRESS]] >= before[[Lip.SKIRT, Lip.DRESS]]).all()


def test_names_are_read_and_unknown_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "worn.json"
    path.write_text(json.dumps({"1": "top dress|skirt legs bag", "2": "? top"}))
    named = read_worn(path)
    assert list(named) == ["1"]
    assert named["1"].present == {Lip.UPPER_CLOTHES, Lip.LEFT_LEG, Lip.RIGHT_LEG}
    assert named["1"].doubtful == {Lip.DRESS, Lip.SKIRT}
    assert Lip.PANTS in named["1"].absent
    path.write_text(json.dumps({"1": "top kilt"}))
    with pytest.raises(ValueError, match="kilt"):
        read_worn(path)


def test_the_repositorys_names_can_be_read() -> None:
    named = read_worn(ANNOTATIONS)
    assert len(named) > 900
    skirts = sum(Lip.SKIRT in one.present for one in named.values())
    assert skirts > 150
