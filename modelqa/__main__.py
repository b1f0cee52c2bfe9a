"""``python -m modelqa``."""

from modelqa.cli import main

if __name__ == "__main__":
    main()
