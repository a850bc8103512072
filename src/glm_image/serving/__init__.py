"""The image service: an HTTP API in front of durable jobs and engine workers."""
