"""What a run is to do, as far as it decides what comes out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from filter import __version__
from filter.batch.records import Reading
from filter.batch.writing import Form
from filter.errors import ModelNotFoundError
from filter.labels import DEFAULT_KEEP, Label
from filter.pipeline import Options
from filter.shipped import MODEL_SHA256


@dataclass(frozen=True, slots=True)
class Settings:
    """What is read, how it is classified and what is written; the same for all workers of a run.

    Attributes
    ----------
    reading : Reading
    options : Options
        Limits for one record. With a deadline, a worker that is stuck in a record is ended.
    form : Form
    keep : frozenset of Label
    lines : bool
        Write the labelled lines of each record too.
    rejects : bool
        Write every dropped line to a file of its own.
    model : Path or None
        The shipped one if None.
    """

    reading: Reading = field(default_factory=Reading)
    options: Options = field(default_factory=lambda: Options(deadline=30))
    form: Form = Form.JSONL
    keep: frozenset[Label] = DEFAULT_KEEP
    lines: bool = False
    rejects: bool = False
    model: Path | None = None

    def described(self) -> dict[str, str]:
        """Return what must be the same for a run to be gone on with, by name.

        Raises
        ------
        ModelNotFoundError
        """
        values = asdict(self) | {"keep": sorted(self.keep), "model": self._model_digest(), "version": __version__}
        return {name: json.dumps(value, sort_keys=True) for name, value in values.items()}

    def _model_digest(self) -> str:
        if self.model is None:
            return MODEL_SHA256
        try:
            return hashlib.sha256(self.model.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelNotFoundError(error.strerror or "cannot be read", source=str(self.model)) from error
