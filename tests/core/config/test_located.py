from crossroute.config.located import LocatedToml, walk_values


def written(tmp_path, text):
    path = tmp_path / "crossroute.toml"
    path.write_text(text, "utf-8")
    return path


def test_values_over_several_lines_do_not_shift_the_lines(tmp_path):
    path = written(tmp_path, 'a = """\nx = 1\n[y]\n"""\nb = [\n 1,\n]\n\n# c\n[d."e f"]\ng.h = 1\n')
    source = LocatedToml(path)
    lines = {place: source.line(place) for place in (("a",), ("b", 0), ("d", "e f"), ("d", "e f", "g", "h"))}
    assert list(lines.values()) == [1, 5, 10, 11]


def test_a_fault_names_file_line_and_value(tmp_path):
    path = tmp_path / "pool.toml"
    path.write_text('a = 1\n[[models]]\nname = "x"\n[[models]]\nname = "y"\nprice = { input = 1 }\n', "utf-8")
    source = LocatedToml(path)
    assert str(source.fault(("models", 1, "price", "input"), "is odd.")) == (
        f"{path}, line 6: models[1].price.input: is odd."
    )
    assert source.line(("models", 0)) == 2
    assert source.line(("models", 1, "missing")) == 4  # the nearest that holds it
    assert source.line(("nowhere",)) == 1
    assert str(source.fault((), "is odd.")) == f"{path}, line 1: is odd."


def test_lines_end_as_any_system_ends_them(tmp_path):
    path = tmp_path / "pool.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\rc = 3\n")
    source = LocatedToml(path)
    assert [source.line((name,)) for name in "abc"] == [1, 2, 3]


def test_every_value_has_a_place():
    said = {"a": [{"b": 1}], "c": {}}
    assert dict(walk_values(said)) == {("a",): [{"b": 1}], ("a", 0): {"b": 1}, ("a", 0, "b"): 1, ("c",): {}}
