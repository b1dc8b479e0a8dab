"""Where commands write: refused before the work where it cannot be, or would replace what is another's."""

import os

import pytest

from crossroute.cli.outputs import (
    TRAINING_STATE,
    check_new_folder,
    check_output_file,
    check_output_folder,
    check_picture_file,
    keep_inputs,
)
from crossroute.routing.storage import CONFIG, locate
from crossroute.training import state

OWN = (locate("routerbench") / CONFIG).read_text("utf-8")


def test_the_name_of_a_training_state_is_the_trainings():
    assert state.STATE == TRAINING_STATE


@pytest.mark.parametrize("held", [(), (TRAINING_STATE,), (CONFIG, TRAINING_STATE), (".hidden",)])
def test_a_new_folder_an_empty_one_and_an_interrupted_runs_are_written_to(tmp_path, held):
    check_new_folder(tmp_path / "new", overwrite=False)
    for name in held:
        (tmp_path / name).write_text(OWN if name == CONFIG else "")
    check_new_folder(tmp_path, overwrite=False)


def test_a_router_is_replaced_only_on_request(tmp_path):
    (tmp_path / CONFIG).write_text(OWN)
    with pytest.raises(ValueError, match="already contains a router"):
        check_new_folder(tmp_path, overwrite=False)
    check_new_folder(tmp_path, overwrite=True)


def test_a_folder_of_other_files_is_refused_even_to_be_overwritten(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"contains 'notes\.txt', which is not part of a router"):
        check_new_folder(tmp_path, overwrite=True)


def test_a_file_is_written_to_a_folder_that_is_there(tmp_path):
    path = tmp_path / "out.csv"
    assert check_output_file(path) == path
    assert check_output_file(None) is None
    with pytest.raises(ValueError, match="it is a folder"):
        check_output_file(tmp_path)
    with pytest.raises(ValueError, match=r"there is no folder .*missing\. Create it first"):
        check_output_file(tmp_path / "missing" / "out.csv")


def test_a_link_counts_as_what_it_leads_to(tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "missing" / "out.csv")
    with pytest.raises(ValueError, match="there is no folder"):
        check_output_file(link)
    (tmp_path / "missing").mkdir()
    assert check_output_file(link) == link
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ValueError, match="a link to itself"):
        check_output_file(loop)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        for check in (check_output_file, check_output_folder):
            with pytest.raises(ValueError, match="no permission to write"):
                check(tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_is_made_under_a_folder_alone(tmp_path):
    assert check_output_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"Cannot write to .*file.* is a file\. Choose a folder"):
        check_output_folder(tmp_path / "file" / "b")


def test_a_picture_has_an_ending_that_can_be_drawn(tmp_path):
    assert check_picture_file(tmp_path / "curve.SVG") == tmp_path / "curve.SVG"
    with pytest.raises(ValueError, match=r"expected a name that ends in \.png, \.svg, \.pdf"):
        check_picture_file(tmp_path / "curve.gif")


def test_what_is_read_is_not_written_by_any_name(tmp_path):
    source, other = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("x")
    os.link(source, other)
    keep_inputs([None, tmp_path / "new.csv"], [source])
    with pytest.raises(ValueError, match="is an input, and writing it would replace it"):
        keep_inputs([other], [source])
