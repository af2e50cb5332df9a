import concurrent.futures
import hashlib
import json

import numpy as np
import pytest

from fittingroom import weights
from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.runtime import OnnxNetwork
from tiny import tiny_network


@pytest.fixture
def folder(tmp_path):
    rows = []
    for name in weights.NETWORKS:
        content = tiny_network(json.dumps({"name": name}))
        (tmp_path / f"{name}.onnx").write_bytes(content)
        rows.append(
            {
                "name": name,
                "file": f"{name}.onnx",
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
                "licence": "Apache-2.0",
                "origin": "made in a test",
                "data": "none",
            }
        )
    (tmp_path / weights.TABLE).write_text(json.dumps(rows))
    return tmp_path


def advice_of(call):
    with pytest.raises(FittingRoomError) as caught:
        call()
    assert caught.value.code == ErrorCode.BAD_WEIGHTS
    assert "install" in caught.value.advice
    return caught.value.advice


def test_good_files_are_read(folder):
    assert weights.missing(folder) == {}
    content = weights.read_networks(folder)
    assert content["pose"] == (folder / "pose.onnx").read_bytes()


def test_all_faults_are_named_together(folder):
    (folder / "pose.onnx").unlink()
    (folder / "garment.onnx").unlink()
    whole = (folder / "parsing.onnx").read_bytes()
    (folder / "parsing.onnx").write_bytes(whole[:-1] + b"?")
    assert weights.missing(folder) == {
        "pose": "missing",
        "parsing": "wrong SHA-256",
        "garment": "missing",
    }
    advice = advice_of(lambda: weights.read_networks(folder))
    assert "pose" in advice
    assert "parsing" in advice
    (folder / "parsing.onnx").write_bytes(whole[:-1])
    assert weights.missing(folder)["parsing"] == "wrong size"
    for name in weights.NETWORKS:
        advice_of(lambda name=name: weights.read_networks(folder, (name,)))


@pytest.mark.parametrize("table", ["", "{", '[{"name": "pose"}]', "7"])
def test_a_damaged_table(folder, table):
    (folder / weights.TABLE).write_text(table)
    advice_of(lambda: weights.load_cards(folder))


def test_a_network_without_a_row(folder):
    (folder / weights.TABLE).write_text("[]")
    assert weights.missing(folder) == dict.fromkeys(weights.NETWORKS, "no row")
    advice_of(lambda: weights.load_card("pose", folder))


def test_networks_are_called_by_name_and_carry_their_spec(folder):
    for source in (folder / "pose.onnx", (folder / "pose.onnx").read_bytes()):
        network = OnnxNetwork(source, threads=1)
        assert network.spec["name"] == "pose"
        image = np.arange(6, dtype=np.float32).reshape(2, 3)
        image.flags.writeable = False
        outputs = network({"image": image})
        assert set(outputs) == {"double", "same"}
        assert np.array_equal(outputs["double"], 2 * image)


def test_networks_may_be_shared_by_threads(folder):
    network = OnnxNetwork(folder / "pose.onnx")
    images = [np.full((64, 64), n, np.float32) for n in range(16)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = pool.map(lambda image: network({"image": image})["double"], images)
        for image, result in zip(images, results, strict=True):
            assert np.array_equal(result, 2 * image)


def test_what_is_no_network_is_bad_weights():
    advice_of(lambda: OnnxNetwork(b"nonsense"))
