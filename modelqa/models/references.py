"""The profile of what a model was trained on, kept with its version in MLflow."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from modelqa.core.patience import patiently
from modelqa.core.profile_file import SUFFIX, TAG
from modelqa.errors import SubjectError
from modelqa.models import frames, registry
from modelqa.models.mlflow import PATIENCE

_FOLDER = "modelqa"


def log(uri: str, data: bytes, *, tracking_uri: str | None = None, patience: float = PATIENCE) -> str:
    """Keep a profile as an artifact of the run that logged a model, and say in a tag where it lies.

    The tag stands on the logged model, so that every version registered from it has the profile, and on
    the version that ``uri`` names. The model's own files, and so its digest, stay what they are. A model
    that was logged outside of a run gets a run for it. Gives the address of the artifact.

    Raises `NotFound` and `SubjectError` as `registry.resolve` does, and where ``uri`` leads to files that
    are neither a logged model nor a version.
    """
    place, client = registry.resolve(uri, tracking_uri, patience)
    if not (place.id or place.version):
        raise SubjectError(
            f"{uri}: files of a run, no logged model; name it as models:/name/version or models:/m-<id>"
        )
    with frames.quiet(), registry.answered(uri, client.tracking_uri, patience):
        return patiently(lambda: _log(client, place, data), seconds=patience)


def _log(client: Any, place: registry.Place, data: bytes) -> str:
    run = _run(client, place)
    name = f"reference-{hashlib.sha256(data).hexdigest()[:12]}{SUFFIX}"
    with TemporaryDirectory(prefix="modelqa-") as made:
        path = Path(made, name)
        path.write_bytes(data)
        client.log_artifact(run, str(path), _FOLDER)
    address = f"runs:/{run}/{_FOLDER}/{name}"
    if place.id:
        client.set_logged_model_tags(place.id, {TAG: address})
    if place.version:
        client.set_model_version_tag(place.name, place.version, TAG, address)
    return address


def _run(client: Any, place: registry.Place) -> str:
    """The run that logged a model; a new one, closed at once, where there was none."""
    if place.id:
        model = client.get_logged_model(place.id)
        known, experiment = model.source_run_id, model.experiment_id
    else:
        known, experiment = client.get_model_version(place.name, place.version).run_id, "0"
    if known:
        return str(known)
    run = client.create_run(experiment, run_name="modelqa reference").info.run_id
    client.set_terminated(run)
    return str(run)
