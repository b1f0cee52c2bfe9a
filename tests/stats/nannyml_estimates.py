"""NannyML's estimates of the same chunks, in an interpreter that has it: `python nannyml_estimates.py DIR`.

Reads ``reference.csv`` and ``chunks.csv`` (equal chunks, one after the other) of each folder below DIR and
writes ``estimates.json``: metric to one number a chunk. It knows nothing of modelqa.
"""

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

BINARY = ("roc_auc", "accuracy", "f1", "precision", "recall")
NUMBERS = ("mae", "rmse", "mse")


def main(folder: Path) -> None:
    """Estimate every chunk of one folder."""
    import nannyml
    import pandas as pd

    reference, chunks = (pd.read_csv(folder / f"{name}.csv") for name in ("reference", "chunks"))
    size = int((folder / "size").read_text())
    features = [name for name in reference if name.startswith("x")]
    if "said" in reference:
        made = nannyml.CBPE(
            metrics=list(BINARY), y_pred_proba="said", y_pred="predicted", y_true="truth",
            problem_type="classification_binary", chunk_size=size,
        )  # fmt: skip
        metrics = BINARY
    else:
        made = nannyml.DLE(
            feature_column_names=features, y_pred="predicted", y_true="truth", metrics=list(NUMBERS),
            chunk_size=size,
        )  # fmt: skip
        metrics = NUMBERS
    made.fit(reference)
    table = made.estimate(chunks.drop(columns="truth")).filter(period="analysis").to_df()
    found = {metric: table[(metric, "value")].tolist() for metric in metrics}
    (folder / "estimates.json").write_text(json.dumps(found))


if __name__ == "__main__":
    for each in sorted(Path(sys.argv[1]).iterdir()):
        main(each)
