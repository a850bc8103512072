"""One module per kind of benchmark data: each makes items of the files that its authors publish.

Every module has ``load(folder, benchmark)``. Files are checked against their digests before.
"""
