"""The table of options: parsing and composing."""

import math
from pathlib import Path

import pytest

from etomotut.errors import OptionError
from etomotut.programs import PROGRAMS, load
from etomotut.programs.options import Option, Ranges, Several, arguments, find, parse, usage

OPTIONS = (
    Option("InputFile", Path, "input", short="input", repeated=True, required=True),
    Option("OutputFile", Path, "output", short="output", required=True),
    Option("THICKNESS", int, "thickness", 300, low=1),
    Option("TiltFile", Path, "angles", short="tiltfile"),
    Option("RADIAL", Several(float, 2), "filter", (0.35, 0.05)),
    Option("FilterRadius2", float, "cut-off", 0.25, short="radius2", low=0, high=0.866),
    Option("ExcludeSections", Ranges, "views", short="exclude"),
    Option("ModeToOutput", int, "mode", short="mode", choices=(0, 1, 2, 6, 12)),
    Option("LinearInterpolation", bool, "linear", short="linear"),
    Option("Threads", int, "cores", extra=True),
)
BOTH = ("InputFile", "OutputFile")
FILES = ["a", "b"]


def read(*words, lines=()):
    return parse(OPTIONS, [*FILES, *words], positional=BOTH, standard_input=lines)


def test_options_not_given_have_their_defaults():
    values = read()
    assert values["THICKNESS"] == 300
    assert values["LinearInterpolation"] is False
    assert values["ModeToOutput"] is None


def test_words_without_a_name_fill_the_files_with_the_last_as_output():
    values = parse(OPTIONS, ["a", "b", "c"], positional=BOTH)
    assert (values["InputFile"], values["OutputFile"]) == ([Path("a"), Path("b")], Path("c"))


@pytest.mark.parametrize("word", ["-THICKNESS", "-thickness", "-THICK", "-thi", "--THICKNESS"])
def test_names_may_be_shortened_in_any_case(word):
    assert read(word, "120")["THICKNESS"] == 120


def test_an_exact_short_name_wins_over_an_abbreviation():
    assert find(OPTIONS, "mode").name == "ModeToOutput"


def test_an_ambiguous_abbreviation_lists_what_it_may_mean():
    with pytest.raises(OptionError, match="'-t' may mean THICKNESS, TiltFile, Threads"):
        read("-t", "1")


def test_an_unknown_option_lists_the_known_ones():
    with pytest.raises(OptionError, match="no option 'SuperSampleFactor'; it has InputFile"):
        read("-SuperSampleFactor", "2")


def test_a_stray_word_is_an_error_not_ignored():
    with pytest.raises(OptionError, match="'2' is neither an option nor the value of one"):
        parse(OPTIONS[1:], ["SuperSampleFactor", "2"], positional=["OutputFile"])


def test_negative_numbers_are_values():
    assert read("-RADIAL", "-1,-.5")["RADIAL"] == (-1.0, -0.5)


def test_a_flag_may_carry_a_one_or_zero():
    assert read("-linear", "1")["LinearInterpolation"] is True
    assert read("-linear", "0")["LinearInterpolation"] is False


def test_ranges_are_written_out():
    assert read("-exclude", "1-3,7")["ExcludeSections"] == [1, 2, 3, 7]


def test_a_slash_means_all_of_a_list():
    assert read("-exclude", "/")["ExcludeSections"] == []
    assert arguments(OPTIONS[6:7], {"ExcludeSections": []}) == ["-ExcludeSections", "/"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-THICKNESS", "much"], "THICKNESS needs a whole number, not 'much'"),
        (["-THICKNESS", "0"], "THICKNESS is 0; it must be at least 1"),
        (["-RADIAL", "1,2,3"], "RADIAL needs 2 numbers, not '1,2,3'"),
        (["-radius2", "1"], "FilterRadius2 is 1.0; it must be at most 0.866"),
        (["-radius2", "nan"], "FilterRadius2 is nan; it must be finite"),
        (["-mode", "4"], "ModeToOutput is 4; allowed are 0, 1, 2, 6, 12"),
        (["-THICKNESS"], "THICKNESS lacks its value"),
        (["-exclude", "1-x"], "ExcludeSections needs a list like 1-4,9, not '1-x'"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(words, message):
    with pytest.raises(OptionError, match=message):
        read(*words)


def test_a_needed_option_left_out_is_named():
    with pytest.raises(OptionError, match="option OutputFile is needed"):
        parse(OPTIONS, ["-input", "a"])


def test_parameters_may_stand_on_standard_input():
    lines = [
        "$tilt -StandardInput",
        "# comment",
        "THICKNESS\t120",
        "RADIAL .3 .05",
        "Linear",
        "DONE",
        "x y",
    ]
    values = read("-StandardInput", lines=lines)
    assert (values["THICKNESS"], values["RADIAL"]) == (120, (0.3, 0.05))
    assert values["LinearInterpolation"] is True


def test_a_file_of_parameters_is_read_with_names_that_hold_blanks(tmp_path):
    (tmp_path / "p.com").write_text("TiltFile my series.tlt\n")
    assert read("-param", str(tmp_path / "p.com"))["TiltFile"] == Path("my series.tlt")


def test_composed_arguments_are_parsed_back_to_the_same_values():
    given = {
        "InputFile": [Path("a b"), Path("-c")],
        "OutputFile": Path("o;x"),
        "THICKNESS": 120,
        "RADIAL": (0.35, math.pi),
        "ExcludeSections": [1, 2, 9],
        "LinearInterpolation": True,
    }
    found = parse(OPTIONS, arguments(OPTIONS, given))
    assert {name: found[name] for name in given if name != "RADIAL"} == {
        name: value for name, value in given.items() if name != "RADIAL"
    }
    assert found["RADIAL"] == pytest.approx(given["RADIAL"])


def test_composing_refuses_a_misspelt_name():
    with pytest.raises(OptionError, match="no option 'THICKNES'"):
        arguments(OPTIONS, {"InputFile": ["a"], "OutputFile": "b", "THICKNES": 300})


def test_composing_refuses_what_the_original_program_lacks():
    files = {"InputFile": ["a"], "OutputFile": "b"}
    assert arguments(OPTIONS, {**files, "Threads": 2})[-2:] == ["-Threads", "2"]
    with pytest.raises(OptionError, match="no option 'Threads'"):
        arguments(OPTIONS, {**files, "Threads": 2}, extra=False)


def test_composing_leaves_out_none_and_false():
    values = {"InputFile": ["a"], "OutputFile": "b", "TiltFile": None, "LinearInterpolation": False}
    assert arguments(OPTIONS, values) == ["-InputFile", "a", "-OutputFile", "b"]


def test_the_help_names_every_option():
    text = usage("some", "does it", OPTIONS, BOTH)
    assert all(f"-{option.name}" in text for option in OPTIONS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_has_a_sound_table(name):
    program = load(name)
    fold = str if getattr(program, "PACKAGE", "") == "tomo3d" else str.lower  # -a is not its -A
    words = [{fold(o.name), fold(o.short)} - {""} for o in program.OPTIONS]
    names = [name for each in words for name in each]
    assert len(names) == len(set(names))
    assert {*program.POSITIONAL} <= {option.name for option in program.OPTIONS}
    assert program.__doc__.strip()


def test_a_subcommand_is_a_word_and_options_may_have_two_dashes():
    table = (
        Option("Command", str, "what to do", choices=("predict", "erase"), dash=""),
        Option("input-image", Path, "image", dash="--"),
    )
    words = arguments(table, {"Command": "predict", "input-image": "a.mrc"})
    assert words == ["predict", "--input-image", "a.mrc"]
    assert parse(table, words, positional=["Command"])["input-image"] == Path("a.mrc")
    assert "  --input-image  (a file name)" in usage("fidder", "It fills.", table)
