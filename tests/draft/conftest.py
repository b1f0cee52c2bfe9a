"""The example subjects, for the tests of first suites."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))
