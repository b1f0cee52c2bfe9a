"""Pages in a real Chromium, for tests and pictures; both are left out where there is none."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LOOK = Path(__file__).parent / "reports" / "look.mjs"


def missing() -> str:
    """Why no page can be opened here; empty where one can."""
    if not shutil.which("node"):
        return "node is not installed"
    if not _chromium():
        return "chromium is not installed"
    modules = Path(os.environ.get("MODELQA_NODE_MODULES", ""))
    needed = [name for name in ("axe-core", "playwright-core") if not (modules / name).is_dir()]
    return f"MODELQA_NODE_MODULES names no folder with {' and '.join(needed)}" if needed else ""


def look(folder: Path, pages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What pages did when one browser opened them; see `look.mjs` for what is asked and answered."""
    job = folder / "job.json"
    job.write_text(json.dumps({"chromium": _chromium(), "pages": list(pages)}))
    command = [shutil.which("node") or "node", str(LOOK), str(job)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=570)
    assert ran.returncode == 0, ran.stderr
    answers: list[dict[str, Any]] = json.loads(ran.stdout)
    return answers


def _chromium() -> str:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
