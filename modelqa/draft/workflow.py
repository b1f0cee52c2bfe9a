"""The GitHub workflow that runs the suites of a repository on every pull request."""

import json
from pathlib import PurePosixPath

PLACE = PurePosixPath(".github/workflows/model-gate.yml")

_WORKFLOW = """\
# Written by `modelqa init --github`: runs the suites on every pull request and on main.
# Actions are named by tag; to pin them, replace a tag by the full commit hash that it stands for.
name: model-gate
on:
  pull_request:
  push:
    branches: [main]
  workflow_dispatch:

permissions:
  contents: read

concurrency:
  group: model-gate-${{ github.ref }}
  cancel-in-progress: true

jobs:
  gate:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: python -m pip install modelqa
      - name: Judge the models
        env:
          # A variable of the repository; left out, the project's own configuration says where models are.
          MODELQA_TRACKING_URI: ${{ vars.MODELQA_TRACKING_URI }}
          SUITES: SUITES_FOLDER
        run: python -m pytest "$SUITES"
"""


def workflow(suites: str) -> str:
    """The workflow for the suites in a folder, named from the root of the repository.

    >>> "SUITES: suites" in workflow("suites")
    True
    """
    plain = suites.replace("/", "").replace("-", "").replace("_", "").isalnum()
    return _WORKFLOW.replace("SUITES_FOLDER", suites if plain else json.dumps(suites))
