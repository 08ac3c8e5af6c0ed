"""Where tasks come from: published benchmarks, files of your own, the hub, and the lab."""
