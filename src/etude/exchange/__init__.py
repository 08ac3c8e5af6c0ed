"""In and out: what a run has made, in the formats of other people's tools; one file per format.

Out: training rows as a Hugging Face data set (`rows`), a model folder with its card (`model`), attempts (`attempts`),
sample files (`samples`), and tasks for verifiers, inspect_ai, NeMo-Gym and lm-eval, judged there by our judge. In:
foreign task files are sources (`etude.sources.nemo_gym` and its neighbours), foreign outputs are samples
(`etude.sources.samples`).

It reads a run's folder and changes nothing in it. Hidden tests leave only where tasks were asked for.
"""
