"""`python -m fig_assets.container train`: one program of a container."""

import sys

from fig_assets.container.lifeline import hold
from fig_assets.container.programs import main

if __name__ == "__main__":
    hold()
    sys.exit(main(sys.argv[1:]))
