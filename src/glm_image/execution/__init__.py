"""How a system runs: which kernels, weight formats and schedules, chosen apart from what it is."""
