from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from filter.agreement import agree
from filter.blocks import blocks_from_text, blocks_from_walk
from filter.context import N_CONTEXT, context_table
from filter.errors import ModelCompatibilityError, ModelError, ModelIntegrityError, ModelNotFoundError
from filter.features import schema
from filter.inputs import HTML, TEXT
from filter.labels import LABELS
from filter.layout import lay_out
from filter.model import PROTOCOL, Model, Network, both, dumps, in_doubt, load, loads, softmax
from filter.pipeline import Classifier, shipped_model
from filter.shipped import MODEL_FILE, MODEL_SHA256
from filter.train.fit import _all_labels, _dropped, _moments, _side_by_side
from filter.tree import walk_markup

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("examples/*.html"), *ROOT.glob("tests/pages/*/page.html")])
N_LABELS = len(LABELS)


@pytest.fixture(scope="module")
def model() -> Model:
    return shipped_model()


@pytest.fixture(scope="module")
def data(model: Model) -> bytes:
    return dumps(model)


class Touch:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def arrays_of(data: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return dict(archive)


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, **arrays)
    return stream.getvalue()


def with_manifest(model: Model, **changes: Any) -> bytes:
    return dumps(dataclasses.replace(model, manifest={**model.manifest, **changes}))


# -------------------------------------------------------------------------------------------------- file


def test_a_file_read_and_written_again_has_the_same_bytes(model: Model, data: bytes) -> None:
    again = loads(data)
    assert dumps(again) == data
    assert again.manifest == model.manifest


def test_a_file_read_again_gives_the_same_probabilities(model: Model, data: bytes) -> None:
    page = blocks_from_walk(walk_markup(PAGES[0].read_text("utf-8")), max_blocks=1000)
    assert np.array_equal(loads(data).probabilities(page), model.probabilities(page))


def test_the_shipped_file_has_the_digest_in_the_code_and_in_the_manifest() -> None:
    assert hashlib.sha256(MODEL_FILE.read_bytes()).hexdigest() == MODEL_SHA256
    assert json.loads((MODEL_FILE.parent / "manifest.json").read_text("utf-8"))["sha256"] == MODEL_SHA256


def test_the_manifest_beside_the_model_is_the_one_in_it(model: Model) -> None:
    beside = json.loads((MODEL_FILE.parent / "manifest.json").read_text("utf-8"))
    assert {key: beside[key] for key in model.manifest} == dict(model.manifest)


def test_the_digest_tells_models_apart(model: Model) -> None:
    other = dataclasses.replace(model, calibration=model.calibration * 2)
    assert len({model.digest, loads(dumps(model)).digest, other.digest}) == 2


def test_a_file_has_only_plain_arrays(data: bytes) -> None:
    assert {array.dtype.kind for array in arrays_of(data).values()} <= set("uif")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(ModelNotFoundError) as caught:
            load(path)
        assert str(path) in str(caught.value)


def test_a_file_with_another_digest_is_not_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "own.npz"
    path.write_bytes(data)
    assert load(path).manifest["protocol"] == PROTOCOL
    assert load(path, sha256=hashlib.sha256(data).hexdigest()).manifest["protocol"] == PROTOCOL
    with pytest.raises(ModelIntegrityError, match=r"own\.npz"):
        load(path, sha256="0" * 64)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"not a model",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"\x93NUMPY\x01\x00",
        pickle.dumps({"weights": [1, 2]}),
        npz(),
        npz(weights=np.zeros(3)),
        npz(manifest=np.frombuffer(b"{", np.uint8)),
        npz(manifest=np.frombuffer(b"[]", np.uint8)),
        npz(manifest=np.frombuffer(b"\xff", np.uint8)),
    ],
    ids=["empty", "zip", "text", "image", "npy", "pickle", "no arrays", "foreign", "no json", "a list", "no utf-8"],
)
def test_a_foreign_file_is_refused_and_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(ModelIntegrityError, match=r"own\.npz: \S"):
        load(path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 0.99999])
def test_a_truncated_file_is_refused(data: bytes, share: float) -> None:
    with pytest.raises(ModelIntegrityError):
        loads(data[: int(share * len(data))])


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_byte_is_noticed_or_does_no_harm(data: bytes, seed: int) -> None:
    rng = random.Random(seed)
    damaged = bytearray(data)
    # Half of them in the directory at the end, which is a small part of the file and steers all reading.
    low = len(data) - 1500 if seed % 2 else 0
    damaged[rng.randrange(low, len(data))] ^= rng.randrange(1, 256)
    try:
        again = loads(bytes(damaged))
    except ModelError:
        return
    assert again.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", ["classes", "text_weights", "html_mean", "context_layer0", "calibration"])
def test_a_file_without_one_of_its_arrays_is_refused(data: bytes, name: str) -> None:
    arrays = arrays_of(data)
    del arrays[name]
    with pytest.raises(ModelIntegrityError):
        loads(npz(**arrays))


@pytest.mark.parametrize("name", ["manifest", "folded", "name_weights", "second_biases0", "extra"])
def test_a_pickle_inside_is_never_run(tmp_path: Path, data: bytes, name: str) -> None:
    trace = tmp_path / "executed"
    payload = np.array([Touch(trace)], dtype=object)
    path = tmp_path / "own.npz"
    path.write_bytes(npz(**arrays_of(data) | {name: payload}))
    with pytest.raises(ModelIntegrityError, match=r"own\.npz"):
        load(path)
    assert not trace.exists()


def test_a_bare_pickle_is_never_run(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    with pytest.raises(ModelIntegrityError):
        loads(pickle.dumps(Touch(trace)))
    assert not trace.exists()
    pickle.loads(pickle.dumps(Touch(trace)))  # noqa: S301 - shows that the payload works
    assert trace.exists()


@pytest.mark.parametrize(
    "changes",
    [{"protocol": PROTOCOL + 1}, {"protocol": None}, {"features": "0" * 16}, {"labels": ["body", "rest"]}],
    ids=["newer", "none", "features", "labels"],
)
def test_a_model_made_for_something_else_says_so(model: Model, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelCompatibilityError, match=rf"own\.npz: .*{next(iter(changes))}"):
        loads(with_manifest(model, **changes), source="own.npz")


def test_the_shipped_model_is_made_for_this_version(model: Model) -> None:
    assert (model.manifest["protocol"], model.manifest["features"]) == (PROTOCOL, schema())
    for network, n_inputs in (
        (model.html, len(HTML.names)),
        (model.text, len(TEXT.names)),
        (model.context, len(TEXT.own) + N_CONTEXT),
    ):
        assert (network.weights[0].shape[0], network.weights[-1].shape[1]) == (n_inputs, N_LABELS)


# -------------------------------------------------------------------------------------------- arithmetic


def rows_with_gaps(n_rows: int = 200, n_columns: int = 6) -> np.ndarray[Any, np.dtype[np.float32]]:
    random = np.random.default_rng(0)
    rows = random.normal(3, 5, (n_rows, n_columns)).astype(np.float32)
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows


def as_trained(rows: np.ndarray[Any, Any], mean: np.ndarray[Any, Any], scale: np.ndarray[Any, Any]) -> Any:
    """Return standardised, limited rows without gaps, in double precision and written apart from the model's code."""
    return np.nan_to_num(np.clip((rows.astype(np.float64) - mean) * scale, -4, 4))


def layers_of(fitted: MLPClassifier) -> tuple[list[Any], list[Any]]:
    weights = [layer.astype(np.float32) for layer in fitted.coefs_]
    return _all_labels(weights, [layer.astype(np.float32) for layer in fitted.intercepts_], fitted.classes_)


def test_dropped_inputs_are_made_up_for_by_the_others() -> None:
    rows = np.full((400, 50), 2, np.float32)
    dropped = _dropped(rows, 0.2, np.random.default_rng(0))
    assert set(np.unique(dropped)) == {0, 2.5}
    assert abs(dropped.mean() - 2) < 0.05
    assert (_dropped(rows, 0, np.random.default_rng(0)) == rows).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seen", [range(N_LABELS), (0, 1, 4, 8), (1, 5)], ids=["all labels", "some", "two"])
def test_a_network_computes_what_scikit_learn_computes(seen: range | tuple[int, ...]) -> None:
    rows = rows_with_gaps()
    target = np.resize(np.array(seen), len(rows))
    mean, scale = _moments(rows)
    standard = as_trained(rows, mean, scale)
    fitted = MLPClassifier((12,), max_iter=30, random_state=0).fit(standard, target)
    weights, biases = layers_of(fitted)
    result = softmax(Network(mean, scale, tuple(weights), tuple(biases)).logits(rows))
    assert result.shape == (len(rows), N_LABELS)
    assert np.abs(result[:, fitted.classes_] - fitted.predict_proba(standard)).max() < 1e-5
    assert np.delete(result, fitted.classes_, axis=1).max(initial=0) < 1e-5


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_networks_side_by_side_give_the_mean_of_their_logits() -> None:
    rows = rows_with_gaps()
    target = np.resize(np.arange(N_LABELS), len(rows))
    mean, scale = _moments(rows)
    standard = as_trained(rows, mean, scale)
    members = [layers_of(MLPClassifier((5,), max_iter=5, random_state=seed).fit(standard, target)) for seed in range(3)]
    apart = [Network(mean, scale, tuple(weights), tuple(biases)).logits(rows) for weights, biases in members]
    assert np.allclose(Network(mean, scale, *_side_by_side(members)).logits(rows), np.mean(apart, axis=0), atol=1e-5)


def test_softmax_stands_large_logits() -> None:
    result = softmax(np.array([[1000, 0, -1000], [0, 0, 0]], np.float32))
    assert np.allclose(result, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name if path.name == "page.html" else path.stem)
def test_probabilities_of_a_page_sum_to_one(model: Model, path: Path) -> None:
    markup = path.read_text("utf-8")
    page = blocks_from_walk(walk_markup(markup), max_blocks=1000)
    lines = blocks_from_text("\n".join(page.texts), max_blocks=1000)
    for each in (page, lines):
        probabilities = model.probabilities(each)
        assert probabilities.shape == (len(each), N_LABELS)
        assert (probabilities >= 0).all()
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_context_answers_where_lines_alone_are_in_doubt_and_only_there(model: Model) -> None:
    markup = (ROOT / "examples/market.html").read_text("utf-8")
    page = blocks_from_text("\n".join(blocks_from_walk(walk_markup(markup), max_blocks=1000).texts), max_blocks=1000)
    (inputs,) = model.inputs([page], [None])
    assert inputs.shape == (len(page), len(TEXT.names))
    logits = model.text.logits(inputs)
    context = context_table(page, softmax(logits))
    doubtful = in_doubt(softmax(logits))
    assert 0 < doubtful.sum() < len(page)
    in_context = model.context.logits(np.hstack((inputs[:, : len(TEXT.own)], context)))
    expected = np.where(doubtful[:, None], both(logits, in_context), logits)
    assert np.allclose(model.judge(np.hstack((inputs, context)), doubtful), expected, atol=1e-4)
    assert np.allclose(model.probabilities(page), softmax(model.calibrated(expected, has_markup=False)), atol=1e-5)


def test_blocks_of_a_page_with_markup_agree(model: Model) -> None:
    page = blocks_from_walk(walk_markup((ROOT / "examples/market.html").read_text("utf-8")), max_blocks=1000)
    assert page.elements is not None
    layout = lay_out(page, page.elements)
    (inputs,) = model.inputs([page], [layout])
    assert inputs.shape == (len(page), len(HTML.names))
    logits = model.judge(inputs, None)
    agreed = agree(logits, layout.like, page.sizes)
    assert not np.allclose(agreed, logits, atol=1e-2)
    assert np.allclose(model.probabilities(page), softmax(model.calibrated(agreed, has_markup=True)), atol=1e-5)


def test_pages_scored_together_get_what_each_gets_alone(model: Model) -> None:
    pages = [blocks_from_walk(walk_markup(path.read_text("utf-8")), max_blocks=1000) for path in PAGES]
    pages.insert(1, blocks_from_text("", max_blocks=1))
    pages.insert(3, blocks_from_text(f"{'Rain is due. ' * 20}\nRead more\nSun", max_blocks=9))
    for page, together in zip(pages, model.probabilities_of(pages), strict=True):
        assert np.allclose(together, model.probabilities(page), atol=1e-4)


def test_a_page_without_blocks_has_no_rows(model: Model) -> None:
    assert model.probabilities(blocks_from_text("", max_blocks=1)).shape == (0, N_LABELS)


def test_eight_threads_give_what_one_gives() -> None:
    classifier = Classifier()
    sources = [path.read_text("utf-8") for path in PAGES] * 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(classifier.classify, sources))
    assert together == [classifier.classify(source) for source in sources]
