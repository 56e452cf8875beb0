"""How tests by properties draw their examples: the same in every run, however busy the machine is.

A run that decides whether a change goes in must not be red because a machine was slow for a moment, nor by the luck of
a draw that has nothing to do with the change. Draws that nobody has seen yet are looked for on purpose:
``uv run pytest --hypothesis-profile=search`` takes other ones, and many more of them, each time.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "search", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")
