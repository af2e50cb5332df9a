import pytest

from fakes import make_photo, make_stages
from fittingroom.batch import Pair, free_path, read_pairs, run_batch
from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.images import write_image
from fittingroom.room import FittingRoom


@pytest.fixture
def folder(tmp_path):
    for sub in ("a", "b"):
        (tmp_path / sub).mkdir()
        write_image(tmp_path / sub / "1.jpg", make_photo())
    write_image(tmp_path / "g.png", make_photo(60, 50))
    (tmp_path / "out").mkdir()
    return tmp_path


def listed(folder, text):
    (folder / "pairs.csv").write_text(text, encoding="utf-8")
    return read_pairs(folder / "pairs.csv")


def outcomes(folder, text):
    room = FittingRoom(make_stages())
    return list(run_batch(listed(folder, text), room, folder / "out", folder))


def test_with_and_without_header(folder):
    plain = (Pair(1, "p.jpg", "g.jpg"), Pair(3, "q.jpg", "h.jpg", "upper", "x.png"))
    assert listed(folder, "p.jpg,g.jpg\n\nq.jpg, h.jpg ,upper,x.png\n") == plain
    assert listed(folder, "\ufeffoutput,Garment,person\nx.png,g.jpg,p.jpg\n") == (
        Pair(2, "p.jpg", "g.jpg", output="x.png"),
    )
    assert listed(folder, "") == ()
    assert listed(folder, "person,garment\n") == ()


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"person,other\n", ErrorCode.BAD_OPTION), (b"\xff\xfe\x00\xd8", ErrorCode.BAD_OPTION)],
)
def test_what_is_no_list_of_pairs(tmp_path, content, code):
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(FittingRoomError) as caught:
        read_pairs(tmp_path / "pairs.csv")
    assert caught.value.code == code


def test_a_missing_list(tmp_path):
    with pytest.raises(FittingRoomError) as caught:
        read_pairs(tmp_path / "absent.csv")
    assert caught.value.code == ErrorCode.MISSING_FILE


def test_results_of_one_name_are_kept_apart(folder):
    rows = "a/1.jpg,g.png\nb/1.jpg,g.png\na/1.jpg,g.png,,same.png\nb/1.jpg,g.png,,same.png\n"
    for _ in range(2):
        done = outcomes(folder, rows)
        assert all(outcome.error is None for outcome in done)
    names = {path.name for path in (folder / "out").iterdir()}
    assert names == {
        *(f"1__g{end}.jpg" for end in ("", "-2", "-3", "-4")),
        *(f"same{end}.png" for end in ("", "-2", "-3", "-4")),
    }


def test_it_goes_on_after_failures(folder):
    rows = "absent.jpg,g.png\na/1.jpg\na/1.jpg,g.png,skirt\na/1.jpg,g.png,,../x.png\n"
    rows += "a/1.jpg,g.png,,x.gif\na/1.jpg,g.png\n"
    done = outcomes(folder, rows)
    assert [outcome.error and outcome.error.code for outcome in done] == [
        ErrorCode.MISSING_FILE,
        ErrorCode.BAD_OPTION,
        ErrorCode.BAD_OPTION,
        ErrorCode.BAD_OPTION,
        ErrorCode.BAD_OPTION,
        None,
    ]
    assert [path.name for path in (folder / "out").iterdir()] == ["1__g.jpg"]


def test_names_that_no_file_can_have(folder):
    long = "x" * 300
    first, second = outcomes(folder, f"a/1.jpg,{long}.png\na/1.jpg,g.png,,{long}\n")
    assert first.error is not None
    assert first.error.code == ErrorCode.MISSING_FILE
    assert second.error is not None
    assert second.error.code == ErrorCode.NOT_WRITABLE


def test_a_fault_of_ours_costs_one_pair(folder, monkeypatch):
    room = FittingRoom(make_stages())
    whole = room.try_on
    monkeypatch.setattr(
        room, "try_on", lambda *a: 1 / 0 if "a" in str(a[0].parent.name) else whole(*a)
    )
    pairs = listed(folder, "a/1.jpg,g.png\nb/1.jpg,g.png\n")
    first, second = run_batch(pairs, room, folder / "out", folder)
    assert first.error is not None
    assert first.error.code == ErrorCode.INTERNAL
    assert second.path is not None


def test_free_path(tmp_path):
    (tmp_path / "x.jpg").touch()
    (tmp_path / "x-2.jpg").touch()
    assert free_path(tmp_path / "x.jpg") == tmp_path / "x-3.jpg"
    assert free_path(tmp_path / "y.jpg") == tmp_path / "y.jpg"
