"""The GitHub workflow that runs the suites of a repository on every pull request."""

import json
from pathlib import PurePosixPath

PLACE = PurePosixPath(".github/workflows/model-gate.yml")

_WORKFLOW = """\
# Written by `modelqa init --github`: runs the suites on every pull request and on main.SCHEDULED
# Actions are pinned by the commit of the version behind it: a tag can be moved.
name: model-gate
on:
  pull_request:
  push:
    branches: [main]
  workflow_dispatch:SCHEDULE

permissions:
  contents: read

concurrency:
  group: model-gate-${{ github.event_name }}-${{ github.ref }}
  cancel-in-progress: true

jobs:
  gate:
    name: model gate
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false
      - uses: actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0
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


_SCHEDULED = "\n# A scheduled run judges what the suites name by then: an alias, a pattern of files, a query."
_SCHEDULE = """
  schedule:
    - cron: "CRON"  # UTC; GitHub starts it from the default branch, at the earliest at that time"""


def workflow(suites: str, schedule: str | None = None) -> str:
    """The workflow for the suites in a folder, named from the root of the repository.

    ``schedule`` is the time of further runs, as `schedule.cron` gives it.

    >>> "SUITES: suites" in workflow("suites")
    True
    """
    times = _SCHEDULE.replace("CRON", schedule) if schedule else ""
    told = _SCHEDULED if schedule else ""
    plain = suites.replace("/", "").replace("-", "").replace("_", "").isalnum()
    made = _WORKFLOW.replace("SCHEDULED", told).replace("SCHEDULE", times)
    return made.replace("SUITES_FOLDER", suites if plain else json.dumps(suites))
