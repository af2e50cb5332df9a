"""Losses, networks and export; needs the extra [train] and is skipped without it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from fittingroom.labels import CLASS_COUNT, IGNORED  # noqa: E402
from fittingroom.stages.garment import GarmentClass  # noqa: E402
from fittingroom.training import export, losses  # noqa: E402
from fittingroom.training.garment.targets import POINT_COUNT, SIDE, GarmentView  # noqa: E402
from fittingroom.training.loop import (  # noqa: E402
    Limits,
    Progress,
    Sitting,
    Start,
    learning_rate,
    train,
)
from fittingroom.training.recipes import (  # noqa: E402
    GARMENT,
    PARSING,
    POSE,
    SELF_CORRECTION,
    Recipe,
)
from fittingroom.training.tasks import TASKS  # noqa: E402
from fittingroom.weights import load_card  # noqa: E402
from test_training_data import maker  # noqa: E402

LEG = {"start": "imagenet", "recipe": POSE.to_json(), "images": 16, "steps": 1}


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


@pytest.mark.parametrize("name", ["pose", "parsing", "garment"])
def test_an_export_answers_as_torch_does(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = TASKS[name].build().eval()
    torch.save({"ema": network.state_dict(), "legs": [LEG]}, tmp_path / "checkpoint.pt")
    target = tmp_path / f"{name}.onnx"
    worst = export.export_network(name, tmp_path / "checkpoint.pt", target)
    assert worst <= export.TOLERANCE
    export.update_table(tmp_path, name)
    assert load_card(name, tmp_path).bytes == target.stat().st_size


def test_an_export_that_differs_is_refused_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = TASKS["pose"].build().eval()
    torch.save({"ema": network.state_dict(), "legs": [LEG]}, tmp_path / "checkpoint.pt")
    monkeypatch.setattr(export, "TOLERANCE", -1.0)
    with pytest.raises(export.ExportRefused):
        export.export_network("pose", tmp_path / "checkpoint.pt", tmp_path / "pose.onnx")
    assert not list(tmp_path.glob("pose*"))


def test_parsing_network_gives_logits_at_stride_four() -> None:
    network = TASKS["parsing"].build().eval()
    with torch.no_grad():
        output = network(torch.zeros(1, 3, 128, 96), torch.zeros(1, 26, 16, 12))
    assert output.fusion.shape == (1, CLASS_COUNT, 32, 24)
    assert output.edge.shape == (1, 2, 32, 24)
    assert np.isfinite(output.fusion.numpy()).all()


def test_an_exported_file_reloads_into_torch_by_name(tmp_path: Path) -> None:
    network = TASKS["parsing"].build().eval()
    torch.save({"ema": network.state_dict(), "legs": [LEG]}, tmp_path / "checkpoint.pt")
    export.export_network("parsing", tmp_path / "checkpoint.pt", tmp_path / "parsing.onnx")
    assert export.legs_of(tmp_path / "parsing.onnx") == (LEG,)
    parameters = export.shipped_parameters(tmp_path / "parsing.onnx")
    again = TASKS["parsing"].build()
    assert not again.load_state_dict(parameters, strict=False).unexpected_keys
    for name in ("backbone._blocks.3._expand_conv.weight", "fusion.weight", "joints.to8.bias"):
        torch.testing.assert_close(
            again.state_dict()[name], network.state_dict()[name], atol=1e-3, rtol=1e-3
        )


class PaperGarments:
    """A bright square on a dark ground, somewhere."""

    def draw(self, rng: np.random.Generator) -> GarmentView:
        """Draw one picture."""
        left, top = rng.integers(20, 100, 2)
        image = np.full((SIDE, SIDE, 3), 40, np.uint8)
        classes = np.zeros((SIDE, SIDE), np.uint8)
        image[top : top + 120, left : left + 120] = 220
        classes[top : top + 120, left : left + 120] = GarmentClass.GARMENT
        known = np.ones(POINT_COUNT, np.float32)
        points = np.tile(np.float32([left, top]), (POINT_COUNT, 1))
        seen = np.ones(POINT_COUNT, np.int8)
        return GarmentView(image, classes, points, known, known > 0, seen, 0, 1)


@pytest.mark.parametrize("recipe", [POSE, PARSING, GARMENT], ids=lambda recipe: recipe.name)
def test_thirty_steps_lower_the_loss_and_are_continued(recipe: Recipe, tmp_path: Path) -> None:
    short = replace(recipe, batch=2, images=60, head_rate=3e-3)
    source = PaperGarments() if recipe is GARMENT else maker()
    seen: list[Progress] = []
    train(short, source, tmp_path, Limits(600), seen.append)
    assert len(seen) == 30
    # A running mean of fifty steps, so that it falls more slowly than the loss itself.
    assert seen[-1].loss < 0.97 * seen[0].loss
    assert list((tmp_path / "curves").iterdir()) and list((tmp_path / "sheets").glob("*.png"))
    train(short, source, tmp_path, Limits(600), seen.append)
    assert len(seen) == 30, "a finished training has nothing left to do"


def test_self_correction_trains_beside_what_it_has_aggregated(tmp_path: Path) -> None:
    recipe = replace(SELF_CORRECTION, batch=2, images=0, cycles=2, cycle_images=4)
    seen: list[Progress] = []
    train(recipe, maker(), tmp_path, Limits(600), seen.append, Start())
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert len(seen) == 4
    assert state["snapshots"] == 3 and state["aggregated"] is not None


def test_each_cycle_begins_at_half_the_rate_and_falls() -> None:
    recipe = replace(SELF_CORRECTION, images=16 * 400, cycle_images=16 * 400)
    assert learning_rate(recipe, 399, 0) < 0.02
    assert learning_rate(recipe, 400 + 100, 0) == pytest.approx(0.5 * 0.855, abs=0.01)
    assert learning_rate(recipe, 799, 0) < 0.01


def saved(path: Path, **tensors: list[float]) -> Path:
    """Save a checkpoint of a few named tensors and one leg named after the file."""
    ema = {name: torch.tensor(values) for name, values in tensors.items()}
    torch.save({"ema": ema, "legs": [LEG, {"start": path.stem}]}, path)
    return path


def test_an_average_lies_in_the_middle_and_keeps_what_only_one_has(tmp_path: Path) -> None:
    first = saved(tmp_path / "a.pt", weight=[1.0, 3.0])
    second = saved(tmp_path / "b.pt", weight=[3.0, 3.0], presence=[7.0])
    export.average([first, second], tmp_path / "mean.pt")
    mean = torch.load(tmp_path / "mean.pt", weights_only=True)
    assert mean["ema"]["weight"].tolist() == [2.0, 3.0]
    assert mean["ema"]["presence"].tolist() == [7.0]
    assert mean["legs"] == [LEG, {"start": "a"}, {"start": "b"}]


def test_what_half_precision_cannot_hold_stays_and_what_is_not_finite_is_refused(
    tmp_path: Path,
) -> None:
    network = TASKS["parsing"].build().eval()
    network.context.bottleneck[1].running_var.fill_(120_000.0)
    torch.save({"ema": network.state_dict(), "legs": []}, tmp_path / "checkpoint.pt")
    rounded, _ = export.averaged_network("parsing", tmp_path / "checkpoint.pt")
    assert rounded.context.bottleneck[1].running_var.tolist() == [120_000.0] * 128
    network.context.bottleneck[1].running_var[3] = float("inf")
    torch.save({"ema": network.state_dict(), "legs": []}, tmp_path / "checkpoint.pt")
    with pytest.raises(export.ExportRefused, match="running_var"):
        export.averaged_network("parsing", tmp_path / "checkpoint.pt")


def test_presence_is_not_asked_where_it_is_not_known() -> None:
    logits = torch.tensor([[5.0, -5.0, 5.0]])
    known = losses.presence_loss(logits, torch.tensor([[1, 0, -1]]))
    assert known.item() < 0.01
    assert losses.presence_loss(logits, torch.tensor([[1, 0, 0]])).item() > 1
    assert losses.presence_loss(logits, torch.tensor([[-1, -1, -1]])).item() == 0


def test_a_sitting_that_is_cut_short_is_still_a_leg(tmp_path: Path) -> None:
    sitting = Sitting(POSE, tmp_path, None, None, None, step=5, seconds=9.0, legs=[LEG])
    sitting.began, sitting.data = (2, 4.0), ("photos",)
    first, last = sitting.legs_so_far()
    assert first == LEG
    assert (last["steps"], last["images"], last["seconds"]) == (3, 48, 5)
    sitting.began = (5, 9.0)
    assert sitting.legs_so_far() == [LEG]
