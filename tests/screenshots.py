"""Takes the pictures of the README: `python tests/screenshots.py [FOLDER]`, by default into `.github/images`.

Runs the suite of churn on its healthy and on its damaged batch, writes the pages, and opens them in Chromium.
Needs what `tests/browser.py` needs: node, Chromium, and MODELQA_NODE_MODULES. Pillow, which comes with
MLflow's matplotlib, makes them small.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browser import look, missing  # noqa: E402

SHOTS = (
    ("report", "churn.html", False, ""),
    ("drift", "churn.html", True, "#check-drift-all-importance-auto"),
    ("compare", "churn-compared.html", False, ""),
)
"""Name, page, dark or light, and the element that is shown; without one, what a window shows at first."""
COLOURS = 128


def main(folder: Path) -> None:
    """Make every picture anew."""
    if why := missing():
        raise SystemExit(f"no pictures: {why}")
    from conftest import ensure_examples  # here: tests have files of that name too

    ensure_examples()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        _modelqa("run", "suites/churn.suite.yaml", "--json", f"{work}/green.json")
        damaged = ".modelqa/data/churn-damaged.parquet"
        _modelqa("run", "suites/churn.suite.yaml", "--batch", damaged, "--json", f"{work}/red.json")
        _modelqa("report", f"{work}/red.json", "-o", str(work))
        _modelqa("report", f"{work}/green.json", f"{work}/red.json", "-o", str(work))
        pages = [
            {
                "file": str(work / page),
                "dark": dark,
                "shot": str(folder / f"{name}.png"),
                "element": element,
            }
            for name, page, dark, element in SHOTS
        ]
        look(work, pages)
    for name, *_ in SHOTS:
        print(_small(folder / f"{name}.png"))


def _modelqa(*arguments: str) -> None:
    """A command of ours, which may find the model red."""
    ran = subprocess.run([sys.executable, "-m", "modelqa", *arguments], cwd=ROOT, check=False)
    if ran.returncode > 1:
        raise SystemExit(f"modelqa {arguments[0]} ended with {ran.returncode}")


def _small(path: Path) -> str:
    """The picture with few colours, which is all that such a page has."""
    from PIL import Image

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS)
    few.save(path, optimize=True)
    return f"{path}: {path.stat().st_size / 1000:.0f} kB"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".github" / "images")
