"""Drifted chunks whose labels are known: how often intervals hold them, and who is nearer."""

import json
import os
import subprocess
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from label_free_worlds import BINARY, NUMBERS, World

from modelqa.checks.forecast import forecaster
from modelqa.core.estimate import Levels
from modelqa.stats.confidence import Confidence
from modelqa.stats.direct import LOSSES
from modelqa.stats.estimation import TRUSTED, Chunk, Rows
from modelqa.stats.linear import Undefined
from modelqa.stats.scores import score_value

SCORES = ("roc_auc", "accuracy", "f1", "precision", "recall", "log_loss")
THEIRS = {"mae": "mean_absolute_error", "rmse": "root_mean_squared_error", "mse": "mean_squared_error"}
CHECKED = Levels(alpha=0.01, beta=0.05, reds="high")
"""What a check with a `min` has by default: 94%."""


def tried(name: str, world: World, chunks: list[Rows], levels: Levels) -> list[Chunk]:
    """Each chunk's estimate beside its truth; those without either are left out."""
    if name in LOSSES:
        estimator: Any
        estimator, every = forecaster(name, world.reference, _joined(chunks))
        chunks = [every.take(np.arange(world.size) + world.size * at) for at in range(len(chunks))]
    else:
        estimator = Confidence(name, world.reference)
    found = []
    for rows in chunks:
        try:
            estimate = estimator.expect(rows).interval(levels, len(rows))
        except Undefined:
            continue
        found.append(Chunk(estimate, realised=score_value(name, rows.sample)))
    return [chunk for chunk in found if chunk.known]


def _joined(chunks: list[Rows]) -> Rows:
    sample = replace(
        chunks[0].sample,
        truth=np.concatenate([c.sample.truth for c in chunks]),
        predicted=np.concatenate([c.sample.predicted for c in chunks]),
    )
    return Rows(sample, np.concatenate([c.features for c in chunks]))


def summary(name: str, world: World, chunks: list[Rows]) -> tuple[float, float, float, int]:
    """Shares held at the check's levels and at 90%, mean absolute error, and the chunks counted."""
    usual, narrow = (tried(name, world, chunks, levels) for levels in (CHECKED, TRUSTED))
    error = np.mean([abs(c.estimate.value - c.realised) for c in usual])
    held = [float(np.mean([c.held for c in found])) for found in (usual, narrow)]
    return held[0], held[1], float(error), len(usual)


@pytest.mark.slow
@pytest.mark.parametrize(("makers", "names"), [(BINARY, SCORES), (NUMBERS, tuple(LOSSES))])
def test_intervals_hold_the_truth_of_drifted_chunks(
    makers: tuple[Callable[[int], World], ...], names: tuple[str, ...]
) -> None:
    """Of 500 chunks and more, at least 90% lie where a check said they would; no concept drifts."""
    count = -(-500 // len(makers))
    rng, held, total = np.random.default_rng(2026), dict.fromkeys(names, 0.0), dict.fromkeys(names, 0)
    for seed, make in enumerate(makers):
        world = make(seed)
        chunks = list(world.chunks(count, rng))
        for name in names:
            usual, narrow, error, known = summary(name, world, chunks)
            print(f"{world.name:22} {name:24} held {usual:.3f} (at 90%: {narrow:.3f}) error {error:.4f}")
            held[name] += usual * known
            total[name] += known
    shares = {name: held[name] / total[name] for name in names}
    print(shares, total)
    assert min(shares.values()) >= 0.9, shares


def test_intervals_hold_the_truth_of_some_drifted_chunks() -> None:
    """The same of models that fit their world badly: six references with ten chunks each."""
    rng, held = np.random.default_rng(1), dict.fromkeys(("roc_auc", "accuracy", "f1"), 0)
    for seed in range(6):
        world = BINARY[0](seed)
        chunks = list(world.chunks(10, rng))
        for name in held:
            held[name] += sum(chunk.held for chunk in tried(name, world, chunks, CHECKED))
    assert min(held.values()) >= 0.88 * 60, held


def published_cbpe(reference: Rows, rows: Rows) -> dict[str, float]:
    """The published method alone: isotonic probabilities, expected confusion matrix (NannyML's manual)."""
    from sklearn.isotonic import IsotonicRegression
    from sklearn.metrics import roc_auc_score

    before, said = reference.sample.positive, rows.sample.positive
    assert before is not None
    assert said is not None
    curve = IsotonicRegression(out_of_bounds="clip").fit(before, reference.sample.truth)
    chance, yes = curve.predict(said), rows.sample.predicted == 1
    both = np.repeat([1, 0], len(said))
    area = roc_auc_score(both, np.tile(said, 2), sample_weight=np.concatenate([chance, 1 - chance]))
    hits = float(chance[yes].sum())
    return {
        "roc_auc": float(area),
        "accuracy": float(np.where(yes, chance, 1 - chance).mean()),
        "f1": 2 * hits / float(yes.sum() + chance.sum()),
    }


@pytest.mark.parametrize("make", [BINARY[0], BINARY[3]])
def test_estimates_are_nearer_than_those_of_the_published_method(make: Callable[[int], World]) -> None:
    """Mean absolute errors over 40 drifted chunks, summed over scores."""
    world = make(0)
    chunks = list(world.chunks(40, np.random.default_rng(1)))
    theirs = [published_cbpe(world.reference, rows) for rows in chunks]
    ours, other = 0.0, 0.0
    for name in theirs[0]:
        found = tried(name, world, chunks, TRUSTED)
        ours += float(np.mean([abs(c.estimate.value - c.realised) for c in found]))
        other += float(np.mean([abs(t[name] - c.realised) for t, c in zip(theirs, found, strict=True)]))
    assert ours <= other


@pytest.mark.slow
@pytest.mark.skipif("MODELQA_NANNYML_PYTHON" not in os.environ, reason="needs an interpreter with NannyML")
def test_estimates_are_nearer_than_nannyml_s(tmp_path: Path) -> None:
    """Mean absolute error of the same chunks, over worlds and references, no worse than NannyML's own.

    Losses are relative to their mean. What the difference of some thirty references is worth is told by
    its standard error: no worse is less than two of them.
    """
    rng, worlds = np.random.default_rng(2027), {}
    for seed in range(5):
        for at, make in enumerate((*BINARY, *NUMBERS)):
            worlds[f"{at:02}-{seed}"] = make(1000 + 100 * seed + at)
    chunks = {key: list(world.chunks(10, rng)) for key, world in worlds.items()}
    for key, world in worlds.items():
        _written(tmp_path / key, world, chunks[key])
    script = Path(__file__).with_name("nannyml_estimates.py")
    command = [os.environ["MODELQA_NANNYML_PYTHON"], "-I", str(script), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    errors: dict[str, list[tuple[float, float]]] = {}
    for key, world in worlds.items():
        told = json.loads((tmp_path / key / "estimates.json").read_text())
        for metric, values in told.items():
            name = THEIRS.get(metric, metric)
            found = tried(name, world, chunks[key], TRUSTED)
            if len(found) == len(values):
                errors.setdefault(name, []).append(_errors(found, values, relative=name in LOSSES))
    worse = []
    for name, pairs in errors.items():
        ours, theirs = np.array(pairs).T
        beyond = (ours - theirs).mean() / ((ours - theirs).std(ddof=1) / np.sqrt(len(pairs)))
        means = f"modelqa {ours.mean():.4f} NannyML {theirs.mean():.4f}"
        print(f"{name:24} {means} ({len(pairs)} references, {beyond:+.1f} standard errors)")
        worse += [name] if beyond >= 2 else []
    assert len(errors) == 8
    assert not worse


def _errors(found: list[Chunk], values: list[float], *, relative: bool) -> tuple[float, float]:
    """The mean absolute errors of both."""
    realised = np.array([chunk.realised for chunk in found])
    ours = np.array([chunk.estimate.value for chunk in found])
    scale = float(realised.mean()) if relative else 1.0
    return tuple(float(np.abs(told - realised).mean()) / scale for told in (ours, np.array(values)))  # type: ignore[return-value]


def _written(folder: Path, world: World, chunks: list[Rows]) -> None:
    """A world and its chunks as files, as `nannyml_estimates.py` reads them."""
    import pandas as pd

    folder.mkdir()
    (folder / "size").write_text(str(world.size))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, parts in (("reference", [world.reference]), ("chunks", chunks)):
            frames = []
            for rows in parts:
                columns = {f"x{i}": rows.features[:, i] for i in range(rows.features.shape[1])}
                sample = rows.sample
                if sample.positive is not None:
                    columns["said"] = sample.positive
                frames.append(pd.DataFrame({**columns, "predicted": sample.predicted, "truth": sample.truth}))
            pd.concat(frames).to_csv(folder / f"{name}.csv", index=False)
