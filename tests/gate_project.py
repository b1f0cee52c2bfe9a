"""A project that promotes: a suite on the breast cancer models, and a registry of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUITE = """\
suite: gate
model: models:/breast_cancer@challenger
champion: models:/breast_cancer@champion
batch: BATCH
labels: diagnosis
positive: malignant
checks:
  - metric: roc_auc
    min: 0.9
  - metric: accuracy
    versus: champion
    min: -0.2
  - errors: rate
    max: 0.1%
actions:
  - promote: champion
    on: passed
"""


@dataclass(frozen=True)
class Gate:
    """Where things are, and a client of the registry."""

    root: Path
    uri: str
    store: Any

    @property
    def suite(self) -> Path:
        return self.root / "gate.suite.yaml"

    def champion(self) -> str:
        """The version that holds the alias."""
        return str(self.store.get_registered_model("breast_cancer").aliases.get("champion", ""))

    def challenger(self) -> str:
        """The version to be promoted."""
        return str(self.store.get_registered_model("breast_cancer").aliases["challenger"])

    def runs(self) -> int:
        """How many runs are logged."""
        experiment = self.store.get_experiment_by_name("modelqa/gate")
        return len(self.store.search_runs([experiment.experiment_id]))

    def tags(self, version: str) -> dict[str, str]:
        """The tags of a version, but for the reference that was logged with it."""
        tags = dict(self.store.get_model_version("breast_cancer", version).tags)
        return {name: value for name, value in tags.items() if name != "modelqa.reference"}
