"""Losses, networks and export; needs the extra [train] and is skipped without it."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from fittingroom.labels import CLASS_COUNT, IGNORED  # noqa: E402
from fittingroom.training import export, losses  # noqa: E402
from fittingroom.training.loop import TASKS  # noqa: E402
from fittingroom.training.recipes import POSE  # noqa: E402
from fittingroom.weights import load_card  # noqa: E402


def test_edges_mark_one_side_of_a_border_and_never_an_ignored_one() -> None:
    classes = torch.zeros(1, 9, 9, dtype=torch.long)
    classes[0, :, 5:] = 3
    edges = losses.edge_labels(classes)
    assert edges[0, 4].tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 0]
    classes[0, :, 5:] = IGNORED
    assert losses.edge_labels(classes).sum() == 0


def test_lovasz_is_zero_for_a_perfect_and_one_for_an_opposite_prediction() -> None:
    classes = torch.tensor([[[0, 1], [1, IGNORED]]])
    perfect = torch.nn.functional.one_hot(classes.clamp(max=1), 2).movedim(3, 1).float()
    assert losses.lovasz_softmax(perfect, classes).item() == pytest.approx(0)
    assert losses.lovasz_softmax(1 - perfect, classes).item() == pytest.approx(1)


def test_weight_zero_means_no_loss() -> None:
    fields, heat = torch.rand(1, 38, 4, 4), torch.rand(1, 19, 4, 4)
    stages = [(torch.rand(1, 38, 4, 4), torch.rand(1, 19, 4, 4))]
    silent = losses.pose_loss(stages, fields, heat, fields * 0, heat * 0)
    assert silent.item() == 0
    assert losses.pose_loss(stages, fields, heat, fields * 0 + 1, heat * 0 + 1).item() > 0


@pytest.mark.parametrize("name", ["pose", "parsing"])
def test_an_export_answers_as_torch_does(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TASKS[name].build().eval()
    state = {"ema": network.state_dict(), "step": 3}
    torch.save(state, tmp_path / "checkpoint.pt")
    target = tmp_path / f"{name}.onnx"
    worst = export.export_network(name, tmp_path / "checkpoint.pt", target, POSE.to_json())
    assert worst <= export.TOLERANCE
    export.update_table(tmp_path, name)
    assert load_card(name, tmp_path).bytes == target.stat().st_size


def test_an_export_that_differs_is_refused_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = TASKS["pose"].build().eval()
    torch.save({"ema": network.state_dict(), "step": 3}, tmp_path / "checkpoint.pt")
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(export.ExportRefused):
        export.export_network(
            "pose", tmp_path / "checkpoint.pt", tmp_path / "pose.onnx", POSE.to_json()
        )
    assert not list(tmp_path.glob("pose*"))


def test_parsing_network_gives_logits_at_stride_four() -> None:
    network = TASKS["parsing"].build().eval()
    with torch.no_grad():
        output = network(torch.zeros(1, 3, 128, 96))
    assert output.fusion.shape == (1, CLASS_COUNT, 32, 24)
    assert output.edge.shape == (1, 2, 32, 24)
    assert np.isfinite(output.fusion.numpy()).all()
