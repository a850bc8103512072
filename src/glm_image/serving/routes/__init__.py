"""The routes: each reads a request, asks the parts below, and words the answer."""
