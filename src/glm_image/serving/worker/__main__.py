"""``python -m glm_image.serving.worker``: one engine process."""

import sys

from glm_image.serving.worker.child import main

if __name__ == "__main__":
    sys.exit(main())
