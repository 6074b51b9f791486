"""Records outlive the run that made them."""

from __future__ import annotations

import json

from etomotut.protocols.records import Records


def test_numbers_and_reasons_are_read_by_the_next_run(tmp_path):
    path = str(tmp_path / "series.json")
    records = Records(path)
    records.begin("embedded", {"binning": 4})
    records.note_done("TS_2", {"beads": 12}, 1.234)
    records.note_failed("TS_1", "the series has no views")
    again = Records(path)
    assert again.backend == "embedded"
    assert again.form == {"binning": 4}
    assert again.numbers() == {"TS_2": {"beads": 12}}
    assert again.reasons() == {"TS_1": "the series has no views"}
    assert json.loads((tmp_path / "series.json").read_text())["series"]["TS_2"]["seconds"] == 1.23


def test_a_series_that_is_done_at_last_has_failed_no_more(tmp_path):
    records = Records(str(tmp_path / "series.json"))
    records.note_failed("TS_1", "no disk")
    records.note_done("TS_1", {}, 0.0)
    assert records.reasons() == {}
    assert list(records.numbers()) == ["TS_1"]


def test_a_stage_that_never_ran_has_no_records(tmp_path):
    records = Records(str(tmp_path / "series.json"))
    assert (records.backend, records.numbers(), records.reasons()) == ("", {}, {})
    assert list(tmp_path.iterdir()) == []
