"""Processes that hold the model, and what is said between them and the service.

Only :mod:`glm_image.serving.worker.child` and what it imports load torch; everything else here runs
in the process that answers requests.
"""
