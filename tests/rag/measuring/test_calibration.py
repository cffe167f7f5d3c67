"""Fitting when to refuse on a user's own questions: what is promised of it, whatever the questions are."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import StorageError, UsageError
from rag.grounding.abstention import FITTED, Signals
from rag.measuring.calibration import (
    FILE_NAME,
    Case,
    auroc,
    calibrate,
    curve,
    forget,
    load,
    save,
    threshold_for,
)


def cases(n: int, *, cosine: bool = True, apart: float = 0.5, seed: int = 0) -> list[Case]:
    """``n`` answerable and ``n`` unanswerable questions whose signals lie ``apart``."""
    draw = np.random.default_rng(seed)
    found = []
    for answerable in (True, False):
        for _ in range(n):
            best = float(np.clip(draw.normal(0.4 + apart * answerable, 0.15), 0, 1))
            near = float(np.clip(draw.normal(0.3 + apart * answerable, 0.15), -1, 1))
            found.append(Case(Signals(near if cosine else None, best, best, 1.0, 1.8), answerable))
    return found


def test_no_more_than_the_target_is_refused_and_the_curve_falls() -> None:
    found = calibrate(cases(100, apart=0.3), 0.05)
    judged = found.judged["with cosine"]
    assert judged.chosen.refused <= 0.05
    assert judged.chosen.abstained > 0.5
    assert judged.auroc is not None
    assert judged.auroc > 0.85
    coverages = [point.coverage for point in judged.curve]
    assert coverages == sorted(coverages, reverse=True)
    assert judged.curve[0].coverage == 1.0
    assert judged.curve[0].risk == pytest.approx(0.5)
    assert judged.curve[-1].risk < 0.1
    assert found.abstention.without == FITTED.without  # no question of that kind
    assert found.warnings == ()


def test_a_smaller_target_refuses_less() -> None:
    own = cases(80, apart=0.2)
    refused = [calibrate(own, target).judged["with cosine"].chosen.refused for target in (0.0, 0.1, 0.3)]
    assert refused == sorted(refused)
    assert refused[0] == 0


def test_what_is_reported_is_held_out() -> None:
    noise = [replace(case, answerable=bool(n % 2)) for n, case in enumerate(cases(30, apart=0.0))]
    judged = calibrate(noise).judged["with cosine"]
    assert judged.auroc is not None
    assert judged.auroc < 0.75


def test_few_questions_are_said_to_be_few_and_move_little() -> None:
    found = calibrate(cases(6, cosine=False))
    assert "fewer than 50" in found.warnings[0]
    assert abs(found.abstention.without.best - FITTED.without.best) < 1.5
    with pytest.raises(UsageError) as caught:
        calibrate(cases(4))
    assert caught.value.code == "too_few_questions"
    mixed = calibrate([*cases(60), *cases(2, cosine=False)])
    assert any("too few to fit" in warning for warning in mixed.warnings)
    assert mixed.abstention.without == FITTED.without


def test_the_same_questions_give_the_same_decision() -> None:
    assert calibrate(cases(20)) == calibrate(cases(20))


def test_measures() -> None:
    assert auroc(np.array([0.9, 0.8]), np.array([0.1, 0.8])) == pytest.approx(0.875)
    assert auroc(np.array([]), np.array([0.1])) is None
    assert threshold_for(np.array([0.1, 0.2, 0.3, 0.4]), 0.25) == 0.2
    points = curve(np.array([0.2, 0.6, 0.9]), np.array([0.0, 1.0, 1.0]))
    assert [(one.coverage, one.risk) for one in points] == [(1.0, 0.3333), (0.6667, 0.0), (0.3333, 0.0)]


def test_it_is_kept_with_the_corpus_for_one_embedding_space(tmp_path: Path) -> None:
    fitted = calibrate(cases(60)).abstention
    save(tmp_path, fitted, "space", {"questions": 120})
    assert load(tmp_path, "space") == fitted
    assert load(tmp_path, "another") is None
    assert forget(tmp_path)
    assert not forget(tmp_path)
    assert load(tmp_path, "space") is None


def test_a_full_disk_is_told_and_the_one_before_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, FITTED, "space", {"questions": 1})

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StorageError, match="calibration cannot be written") as caught:
        save(tmp_path, FITTED, "another", {"questions": 2})
    assert (caught.value.code, bool(caught.value.hint)) == ("disk_full", True)
    assert load(tmp_path, "space") is not None
    assert [one.name for one in tmp_path.iterdir()] == ["calibration.json"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 1, "space": "space"}', "\0", '{"format": 2}'])
def test_a_damaged_calibration_leaves_the_shipped_decision(tmp_path: Path, damage: str) -> None:
    (tmp_path / FILE_NAME).write_text(damage)
    assert load(tmp_path, "space") is None
    save(tmp_path, FITTED, "space", {})
    kept = json.loads((tmp_path / FILE_NAME).read_text())
    kept["without"]["bias"] = float("nan")
    (tmp_path / FILE_NAME).write_text(json.dumps(kept))
    assert load(tmp_path, "space") is None
