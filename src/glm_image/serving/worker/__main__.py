"""``python -m glm_image.serving.worker``: one engine process."""

import os
import sys

from glm_image.serving.worker.child import main

if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Nothing is left to be done, and taking the libraries down in order takes seconds.
    os._exit(code)
