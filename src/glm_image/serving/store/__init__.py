"""The durable store of jobs, keys, pictures, uploads and conversations."""

from glm_image.serving.store.database import Clock, Listener
from glm_image.serving.store.policy import Policy
from glm_image.serving.store.store import Store
from glm_image.serving.store.sweep import Health, Reaped

__all__ = ["Clock", "Health", "Listener", "Policy", "Reaped", "Store"]
