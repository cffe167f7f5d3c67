"""Fits when to answer "not in the documents" on questions of the user's own, and says how far that can be trusted.

The shipped weights are what the fit begins from (a normal prior around them): a few questions move the threshold, many
move the weights. What is reported is held out: every question is judged by a fit that has not seen it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.durable import replace_file
from corpus.errors import UsageError, unwritten
from rag.grounding.abstention import FITTED, Abstention, Logistic, Signals

Floats = NDArray[np.float64]

FEW = 50
"""Questions of either class below which a fit is not to be trusted."""

LEAST = 5
"""Questions of either class below which nothing is fitted."""

REFUSED = 0.05
"""Share of the answerable questions that may be refused, unless the settings say otherwise."""

FILE_NAME = "calibration.json"
"""Where a corpus keeps its calibration, in its data folder."""

_FORMAT = 1
_PRIOR = 4.0
"""How much a weight's distance from the shipped one counts: as much as so many questions."""
_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Case:
    """A question's signals, and whether a document answers it."""

    signals: Signals
    answerable: bool


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold would do: ``coverage`` is the share of all questions that are answered, ``risk`` the share of
    those that no document answers, ``refused`` of the answerable and ``abstained`` of the others that are not.
    """

    threshold: float
    coverage: float
    risk: float
    refused: float
    abstained: float


@dataclass(frozen=True, slots=True)
class Judged:
    """How well a decision tells the two classes apart, on questions it was not fitted on.

    ``auroc``: the chance that an answerable question ranks above another one, ties counting half; None without either
    class. ``shipped`` are the same questions at the shipped weights and threshold.
    """

    answerable: int
    unanswerable: int
    auroc: float | None
    auroc_shipped: float | None
    chosen: Point
    shipped: Point
    curve: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted decision and its judgement, for each of the two: where the embedder knows the language, and where not.

    ``judged`` names them "with cosine" and "words alone"; one for which there were too few questions keeps the shipped
    weights and is not among them. ``warnings`` say what is not to be trusted.
    """

    abstention: Abstention
    target: float
    judged: dict[str, Judged]
    warnings: tuple[str, ...]


def calibrate(cases: Sequence[Case], target: float = REFUSED) -> Calibration:
    """Returns a decision fitted on cases, which refuses the share ``target`` (in [0, 1)) of the answerable ones.

    Raises:
        UsageError: fewer than five answerable or five unanswerable questions in either of the two.
    """
    chosen = {True: FITTED.with_cosine, False: FITTED.without}
    judged: dict[str, Judged] = {}
    warnings: list[str] = []
    for cosine, name in ((True, "with cosine"), (False, "words alone")):
        own = [case for case in cases if (case.signals.cosine is not None) == cosine]
        good = sum(case.answerable for case in own)
        bad = len(own) - good
        if not own:
            continue
        if min(good, bad) < LEAST:
            warnings.append(
                f"{name}: {good} answerable and {bad} unanswerable questions are too few to fit; the shipped decision "
                "stays."
            )
            continue
        if min(good, bad) < FEW:
            warnings.append(
                f"{name}: fitted on {good} answerable and {bad} unanswerable questions. With fewer than {FEW} of each, "
                f"the shares below may be off by {_margin(min(good, bad)):.0%}."
            )
        chosen[cosine], judged[name] = _fitted(own, chosen[cosine], target)
    if not judged:
        raise UsageError(
            "There are too few questions to calibrate on.",
            code="too_few_questions",
            hint=f"Give at least {LEAST} that a document answers and {LEAST} that none does; {FEW} of each are better.",
        )
    return Calibration(Abstention(chosen[True], chosen[False]), target, judged, tuple(warnings))


def _margin(n: int) -> float:
    """Returns half the width of a 95 % interval of a share of n, at its widest."""
    return 0.98 / math.sqrt(n)


def _fitted(cases: Sequence[Case], shipped: Logistic, target: float) -> tuple[Logistic, Judged]:
    labels = np.array([case.answerable for case in cases], dtype=np.float64)
    rows = _rows(cases)
    prior = _numbers(shipped)
    held = np.zeros(len(cases))
    # Every tenth of each class, so that no fold lacks one.
    folds = np.zeros(len(cases), dtype=int)
    for own in (0.0, 1.0):
        folds[labels == own] = np.arange(int((labels == own).sum())) % _FOLDS
    for fold in range(_FOLDS):
        out = folds == fold
        if out.any():
            held[out] = _chances(
                rows[out], fit(rows[~out], labels[~out], _balanced(labels[~out]), prior, _PRIOR)
            )
    threshold = threshold_for(held[labels == 1], target)
    numbers = fit(rows, labels, _balanced(labels), prior, _PRIOR)
    then = _chances(rows, prior)
    judged = Judged(
        answerable=int(labels.sum()),
        unanswerable=int((1 - labels).sum()),
        auroc=auroc(held[labels == 1], held[labels == 0]),
        auroc_shipped=auroc(then[labels == 1], then[labels == 0]),
        chosen=_point(held, labels, threshold),
        shipped=_point(then, labels, shipped.threshold),
        curve=curve(held, labels),
    )
    bias, cosine, best, together, names, length = (round(float(n), 4) for n in numbers)
    return Logistic(bias, cosine, best, together, names, length, round(threshold, 4)), judged


def _rows(cases: Sequence[Case]) -> Floats:
    own = [[value or 0.0 for value in case.signals.weighed] for case in cases]
    return np.hstack([np.ones((len(cases), 1)), np.array(own, dtype=np.float64).reshape(len(cases), -1)])


def _numbers(logistic: Logistic) -> Floats:
    return np.array([getattr(logistic, one.name) for one in fields(logistic)][:-1], dtype=np.float64)


def _chances(rows: Floats, numbers: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(rows @ numbers, -60, 60))), dtype=np.float64)


def _balanced(labels: Floats) -> Floats:
    """Returns what each case counts so that the two classes count the same, n in all."""
    good = max(1.0, float(labels.sum()))
    bad = max(1.0, float(len(labels) - labels.sum()))
    return np.where(labels == 1, 1 / good, 1 / bad) * (len(labels) / 2)


def fit(rows: Floats, labels: Floats, counts: Floats, prior: Floats, strength: float) -> Floats:
    """Returns the weights of a logistic regression with a normal prior around ``prior`` (Newton's method).

    Args:
        rows: shape (n, k), a column of ones first. labels: shape (n,), 0 or 1. counts: what each row counts.
        strength: what the squared distance of a weight from its prior counts; the bias is free.
    """
    numbers = prior.copy()
    penalty = strength * np.diag([1e-6] + [1.0] * (rows.shape[1] - 1))
    for _ in range(60):
        chances = _chances(rows, numbers)
        slope = rows.T @ (counts * (chances - labels)) + penalty @ (numbers - prior)
        bend = (rows.T * (counts * chances * (1 - chances))) @ rows + penalty
        step = np.linalg.solve(bend, slope)
        numbers = numbers - step
        if float(np.abs(step).max()) < 1e-8:
            break
    return numbers


def threshold_for(answerable: Floats, target: float) -> float:
    """Returns the largest chance below which no more than the share ``target`` of the answerable lie."""
    order = np.sort(answerable)
    return float(order[min(len(order) - 1, int(target * len(order) + 1e-9))])


def auroc(answerable: Floats, others: Floats) -> float | None:
    """Returns the chance that an answerable case ranks above another, ties counting half; None without one of them."""
    if not len(answerable) or not len(others):
        return None
    above = (answerable[:, None] > others[None, :]).mean()
    return float(above + (answerable[:, None] == others[None, :]).mean() / 2)


def curve(chances: Floats, labels: Floats) -> tuple[Point, ...]:
    """Returns the risk–coverage curve: what every threshold between two chances would do, strictest last
    (El-Yaniv & Wiener 2010).
    """
    return tuple(_point(chances, labels, float(one)) for one in np.unique(chances))


def _point(chances: Floats, labels: Floats, threshold: float) -> Point:
    answered = chances >= threshold
    good, bad = labels == 1, labels == 0
    return Point(
        threshold=round(threshold, 4),
        coverage=round(float(answered.mean()), 4),
        risk=round(float(bad[answered].mean()) if answered.any() else 0.0, 4),
        refused=round(float((~answered)[good].mean()) if good.any() else 0.0, 4),
        abstained=round(float((~answered)[bad].mean()) if bad.any() else 0.0, 4),
    )


# ---- kept with the corpus ------------------------------------------------------------------------


_MEND = "It decides as before. Make room, or the folder writable, and calibrate again."


def save(data_dir: Path, abstention: Abstention, space: str, about: dict[str, Any]) -> None:
    """Keeps a decision with a corpus; ``space`` is the embedding space whose cosines it was fitted on.

    Raises:
        StorageError: it cannot be written (``disk_full``, ``read_only``, ``storage``); the one before stays.
    """
    kept = {
        "format": _FORMAT,
        "space": space,
        **{
            name: _json(one)
            for name, one in (("with_cosine", abstention.with_cosine), ("without", abstention.without))
        },
        **about,
    }
    target = data_dir / FILE_NAME
    try:
        replace_file(target, json.dumps(kept, indent=2) + "\n")
    except OSError as error:
        raise unwritten("The calibration", target, error, _MEND) from error


def load(data_dir: Path, space: str) -> Abstention | None:
    """Returns what :func:`save` kept for this embedding space; None where there is nothing, or nothing that fits."""
    try:
        kept = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        if kept["format"] != _FORMAT or kept["space"] != space:
            return None
        found = [
            Logistic(**{name: float(value) for name, value in kept[own].items()})
            for own in ("with_cosine", "without")
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not all(math.isfinite(value) for one in found for value in astuple(one)):
        return None
    return Abstention(*found)


def forget(data_dir: Path) -> bool:
    """Goes back to the shipped decision; says whether there was another.

    Raises:
        StorageError: it cannot be deleted.
    """
    try:
        (data_dir / FILE_NAME).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unwritten("The calibration", data_dir / FILE_NAME, error, _MEND) from error
    return True


def _json(logistic: Logistic) -> dict[str, float]:
    return {one.name: getattr(logistic, one.name) for one in fields(logistic)}
